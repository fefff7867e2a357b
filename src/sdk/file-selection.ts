/** Files in the order in which they go: the oldest first, those of one millisecond by their inode. */
export interface Threshold {
  /** Epoch milliseconds, rounded up. */
  readonly ms: number
  readonly inode: number
}

export interface Selection {
  readonly files: number
  readonly bytes: number
  /** Epoch milliseconds of the oldest one's last change; `null` without any. */
  readonly oldestMs: number | null
  /** The first file that stays for want of room within the bounds; `null` when all go. */
  readonly upTo: Threshold | null
}

export interface Bounds {
  readonly filesMax: number
  readonly bytesMax: number
}

/** Collects what could go, in 24 bytes a file. */
export interface Tally {
  /** False when no more can be held. */
  add(file: { readonly ms: number; readonly inode: number; readonly bytes: number }): boolean
  files(): number
  bytes(): number
  /** Those that may go within the bounds, oldest first. */
  select(bounds: Bounds): Selection
  has(inode: number): boolean
}

export function createTally(filesMax: number): Tally {
  let room = Math.min(filesMax, 1024)
  let [times, inodes, sizes] = [new Float64Array(room), new Float64Array(room), new Float64Array(room)]
  let files = 0
  let bytes = 0
  let known: Set<number> | null = null

  function grow(): void {
    room = Math.min(filesMax, room * 2)
    const grown = (old: Float64Array) => {
      const next = new Float64Array(room)
      next.set(old)
      return next
    }
    times = grown(times)
    inodes = grown(inodes)
    sizes = grown(sizes)
  }

  return {
    add(file) {
      if (files === filesMax) return false
      if (files === room) grow()
      times[files] = file.ms
      inodes[files] = file.inode
      sizes[files] = file.bytes
      files += 1
      bytes += file.bytes
      return true
    },
    files: () => files,
    bytes: () => bytes,
    has(inode) {
      known ??= new Set(inodes.subarray(0, files))
      return known.has(inode)
    },
    select(bounds) {
      const oldestMs = files === 0 ? null : times.subarray(0, files).reduce((a, b) => Math.min(a, b))
      if (files <= bounds.filesMax && bytes <= bounds.bytesMax) return { files, bytes, oldestMs, upTo: null }
      return { ...oldestWithin({ times, inodes, sizes, files }, bounds), oldestMs }
    },
  }
}

interface Columns {
  readonly times: Float64Array
  readonly inodes: Float64Array
  readonly sizes: Float64Array
  readonly files: number
}

function oldestWithin({ times, inodes, sizes, files }: Columns, { filesMax, bytesMax }: Bounds) {
  const at = (column: Float64Array, index: number) => column[index] as number
  const order = Uint32Array.from({ length: files }, (_, index) => index).sort(
    (a, b) => at(times, a) - at(times, b) || at(inodes, a) - at(inodes, b),
  )
  let taken = 0
  let bytes = 0
  for (const index of order) {
    if (taken === filesMax || bytes + at(sizes, index) > bytesMax) {
      return { files: taken, bytes, upTo: { ms: at(times, index), inode: at(inodes, index) } }
    }
    taken += 1
    bytes += at(sizes, index)
  }
  return { files: taken, bytes, upTo: null }
}
