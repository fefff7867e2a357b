import { type Stats, statSync } from 'node:fs'
import { HeparError, messageOf } from '../../engine/errors.ts'

export interface GuardedFile {
  readonly file: string
  /** Bytes down to which the store itself may shorten it. */
  readonly shrinksTo: number
  /** What to do when it is lost, where that is not to restore a backup. */
  readonly next?: string
}

export interface FileGuard {
  /** Why the files can no longer be relied on, or `null`. Once given, it stays: what was lost does not come back. */
  problem(): HeparError | null
  /** Throws that problem. */
  check(): void
  /** The store itself is about to shorten this file to so many bytes, once. */
  mayShrink(file: string, bytes: number): void
}

/**
 * Remembers with which files the store was opened and notices when one is removed, replaced or cut behind its back: SQLite
 * would go on writing into what no restart can find. Throws `store_unavailable` when a file is missing already.
 */
export function guardFiles(files: readonly GuardedFile[]): FileGuard {
  let known: HeparError | null = null
  const seen = files.map((entry) => {
    const stats = look(entry.file)
    if (typeof stats === 'string') throw lost(entry, stats)
    return { ...entry, ino: stats.ino, dev: stats.dev, size: stats.size, expected: Number.POSITIVE_INFINITY }
  })

  function problem(): HeparError | null {
    for (const entry of seen) {
      if (known !== null) return known
      const now = look(entry.file)
      if (typeof now === 'string') known = lost(entry, now)
      else if (now.ino !== entry.ino || now.dev !== entry.dev) known = lost(entry, 'it was replaced by another file')
      else if (now.size < Math.min(entry.size, entry.shrinksTo, entry.expected)) known = lost(entry, 'it was cut')
      else {
        // It happens when the write-ahead log is next copied back, and from then on the file only grows again.
        if (now.size <= entry.expected) entry.expected = Number.POSITIVE_INFINITY
        entry.size = now.size
      }
    }
    return known
  }

  return {
    problem,
    check() {
      const found = problem()
      if (found !== null) throw found
    },
    mayShrink(file, bytes) {
      for (const entry of seen) if (entry.file === file) entry.expected = Math.min(entry.expected, bytes)
    },
  }
}

function look(file: string): Stats | string {
  try {
    return statSync(file, { throwIfNoEntry: false }) ?? 'it was removed'
  } catch (error) {
    return messageOf(error)
  }
}

const restore = 'stop Hepar, restore the data folder from a backup, and start it again'

function lost({ file, next = restore }: GuardedFile, what: string): HeparError {
  return new HeparError('store_unavailable', `store ${file}: ${what} while Hepar was using it; ${next}`)
}
