import { type Stats, statSync } from 'node:fs'
import { HeparError, messageOf } from '../../engine/errors.ts'

export interface GuardedFile {
  readonly file: string
  /** Bytes down to which the store itself may shorten it. */
  readonly shrinksTo: number
}

export interface FileGuard {
  /** Why the files can no longer be relied on, or `null`. Once given, it stays: what was lost does not come back. */
  problem(): HeparError | null
  /** Throws that problem. */
  check(): void
}

/**
 * Remembers with which files the store was opened and notices when one is removed, replaced or cut behind its back: SQLite
 * would go on writing into what no restart can find. Throws `store_unavailable` when a file is missing already.
 */
export function guardFiles(files: readonly GuardedFile[]): FileGuard {
  let known: HeparError | null = null
  const seen = files.map(({ file, shrinksTo }) => {
    const stats = look(file)
    if (typeof stats === 'string') throw lost(file, stats)
    return { file, shrinksTo, ino: stats.ino, dev: stats.dev, size: stats.size }
  })

  function problem(): HeparError | null {
    for (const entry of seen) {
      if (known !== null) return known
      const now = look(entry.file)
      if (typeof now === 'string') known = lost(entry.file, now)
      else if (now.ino !== entry.ino || now.dev !== entry.dev)
        known = lost(entry.file, 'it was replaced by another file')
      else if (now.size < Math.min(entry.size, entry.shrinksTo)) known = lost(entry.file, 'it was cut')
      else entry.size = now.size
    }
    return known
  }

  return {
    problem,
    check() {
      const found = problem()
      if (found !== null) throw found
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

function lost(file: string, what: string): HeparError {
  const next = 'stop Hepar, restore the data folder from a backup, and start it again'
  return new HeparError('store_unavailable', `store ${file}: ${what} while Hepar was using it; ${next}`)
}
