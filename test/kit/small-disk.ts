import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk extends Disposable {
  readonly folder: string
  /** Takes every free byte until the returned function is called. */
  fill(): () => void
  remount(how: 'ro' | 'rw'): void
}

/** A file system of its own in memory, mounted at the folder; mounting takes root, as the whole test suite does. */
export function mountSmallDisk(folder: string, size = '24m'): SmallDisk {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder])
  const filler = join(folder, 'filler')
  return {
    folder,
    fill() {
      const descriptor = openSync(filler, 'a')
      try {
        for (const bytes of [65_536, 4_096, 1]) while (wrote(descriptor, Buffer.alloc(bytes))) {}
      } finally {
        closeSync(descriptor)
      }
      return () => rmSync(filler)
    },
    remount: (how) => void execFileSync('mount', ['-o', `remount,${how}`, folder]),
    [Symbol.dispose]: () => {
      if (existsSync(folder)) execFileSync('umount', ['-l', folder])
    },
  }
}

function wrote(descriptor: number, bytes: Buffer): boolean {
  try {
    return writeSync(descriptor, bytes) === bytes.length
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
