import { statfs } from 'node:fs/promises'
import { formatBytes } from '../domain/bytes.ts'

/** Room on a file system; `inodes` is `null` where it does not count them. */
export interface DiskSpace {
  readonly availableBytes: number
  readonly bytesRatio: number
  readonly inodesRatio: number | null
}

/** Asks the file system that holds a path. Rejects when there is none; may wait for ever on one that hangs. */
export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path)
  return {
    availableBytes: bavail * bsize,
    bytesRatio: blocks === 0 ? 0 : bavail / blocks,
    inodesRatio: files === 0 ? null : ffree / files,
  }
}

/** Whether at least this share is free, of bytes and of inodes. */
export function hasRoom({ bytesRatio, inodesRatio }: DiskSpace, share: number): boolean {
  return bytesRatio >= share && (inodesRatio ?? 1) >= share
}

export function spaceInWords({ availableBytes, bytesRatio, inodesRatio }: DiskSpace): string {
  const inodes = inodesRatio === null ? '' : ` and ${percent(inodesRatio)} of the inodes`
  return `${percent(bytesRatio)} of the space (${formatBytes(availableBytes)})${inodes} free`
}

/** Rounded down: what is not quite enough must not look as if it were. */
function percent(ratio: number): string {
  return `${(Math.floor(ratio * 1_000) / 10).toFixed(1)}%`
}
