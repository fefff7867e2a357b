import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HeparError } from '../../engine/errors.ts'
import { prepareDataFolder } from './data-folder.ts'
import type { GuardedFile } from './file-guard.ts'
import { openSqlite } from './sqlite.ts'

export interface DataLock {
  /** The file to watch while the folder is used: whoever takes it away lets another process in. */
  readonly guarded: GuardedFile
  close(): void
}

/**
 * Takes the data folder for this process, creating it when only its last part is missing. Throws `conflict` at once when
 * another process has it. The kernel frees the lock with the process, however it ends, and children do not inherit it.
 */
export function lockDataFolder(folder: string): DataLock {
  prepareDataFolder(folder)
  const pidFile = join(folder, 'hepar.pid')
  const lockFile = join(folder, 'hepar.lock')
  // POSIX drops the lock when any descriptor of this file is closed in this process: nothing else may ever open it.
  const sqlite = openSqlite({ file: lockFile, busyTimeoutMs: 0 })
  try {
    sqlite.run('begin exclusive')
  } catch (cause) {
    sqlite.close()
    if (!isBusy(cause)) throw cause
    const message = `data folder ${folder} is in use by another Hepar${holderOf(pidFile)}: stop it, or use another folder`
    throw new HeparError('conflict', message, { cause })
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  const next = 'another Hepar may use the folder by now: stop all of them, then start one'
  return {
    guarded: { file: lockFile, shrinksTo: 0, next },
    close() {
      rmSync(pidFile, { force: true })
      sqlite.close()
    },
  }
}

function isBusy(error: unknown): boolean {
  const busy = 5
  return (((error as Error).cause as { errcode?: number } | undefined)?.errcode ?? 0) % 256 === busy
}

function holderOf(pidFile: string): string {
  try {
    const pid = readFileSync(pidFile, 'utf8').trim()
    return /^\d+$/.test(pid) ? ` (pid ${pid})` : ''
  } catch {
    return ''
  }
}
