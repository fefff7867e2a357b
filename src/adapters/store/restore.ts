import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { StoreCopy } from '../../domain/copy.ts'
import { HeparError } from '../../engine/errors.ts'
import { readAuditKeys } from './audit-key.ts'
import { discardCopy, keyBeside, markCopy, nameOnce, syncFile, verifyCopy } from './backup.ts'
import { type CopyWords, failed, inCopyWords } from './copy-failure.ts'
import { lockDataFolder } from './data-lock.ts'
import { writeDurably } from './durable-file.ts'
import { migrate } from './migrations.ts'
import { openSqlite } from './sqlite.ts'

export interface RestoreOptions {
  readonly backup: string
  /** The key file of the backup; `null` looks beside it and in the data folder. */
  readonly key: string | null
  /** The data folder, the database file and the key file in it. */
  readonly folder: string
  readonly file: string
  readonly keyFile: string
}

export interface RestoreReport extends StoreCopy {
  readonly file: string
  readonly bytes: number
  /** Where the key came from. */
  readonly key: string
}

/**
 * Puts a backup into an empty data folder, once it has been checked there with its key: pages, schema and the whole chain.
 * The store stays marked as a copy, so that the first start takes it over with care, however the file got there.
 * Throws `conflict` when a Hepar has the folder or something is in it, `config` for the key, `store_unavailable` for the backup.
 */
export async function restoreStore(options: RestoreOptions): Promise<RestoreReport> {
  const { backup, folder, file, keyFile } = options
  if (statSync(backup, { throwIfNoEntry: false })?.isFile() !== true)
    throw failed(`there is no backup ${backup}: name its file`)
  if ((statSync(`${backup}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw failed(
      `${backup} is not whole without ${backup}-wal: make a backup of it with "hepar backup", and restore that`,
    )
  }
  const lock = lockDataFolder(folder)
  const draft = `${file}.restoring`
  const words: CopyWords = {
    full: `${folder} has no room for the backup: free some space on its disk`,
    damaged: `${backup} is damaged, or no database: use another backup`,
    unproven: 'use another backup, and keep this one as evidence',
  }
  try {
    refuseUsed(
      folder,
      [keyFile, draft].map((path) => basename(path)),
    )
    const key = keyOf(options)
    const keys = readAuditKeys(key)
    if (key !== keyFile && existsSync(keyFile) && readFileSync(keyFile, 'utf8') !== readFileSync(key, 'utf8')) {
      throw new HeparError('conflict', `${keyFile} is another key than ${key}: remove the one that is wrong`)
    }
    discardCopy(draft)
    closeSync(openSync(draft, 'wx', 0o600))
    copyFileSync(backup, draft)
    refuseForeign(draft, backup)
    const copy = markCopy(draft, Math.trunc(statSync(backup).mtimeMs), 'integrity_check', words)
    await verifyCopy(draft, keys, words)
    syncFile(draft)
    if (key !== keyFile) writeDurably(keyFile, readFileSync(key, 'utf8'), { exclusive: !existsSync(keyFile) })
    nameOnce(draft, file)
    return { ...copy, file, bytes: statSync(file).size, key }
  } catch (error) {
    throw inCopyWords(error, words)
  } finally {
    discardCopy(draft)
    lock.close()
  }
}

/** Files of the lock, which do not make a folder used. */
const ofLock = ['hepar.lock', 'hepar.pid']

function refuseUsed(folder: string, allowed: readonly string[]): void {
  const others = readdirSync(folder).filter(
    (name) => ![...ofLock, ...allowed].some((mine) => name === mine || name === `${mine}-journal`),
  )
  if (others.length === 0) return
  const names = others.length > 3 ? `${others.slice(0, 3).join(', ')} and ${others.length - 3} more` : others.join(', ')
  const next = 'move the folder away and keep it, or set HEPAR_DATA to another'
  throw new HeparError('conflict', `data folder ${folder} is not empty (${names}), and nothing is overwritten: ${next}`)
}

function keyOf({ backup, key, keyFile }: RestoreOptions): string {
  const found = [key, keyBeside(backup), keyFile].find((path) => path !== null && existsSync(path))
  if (key !== null && found !== key) throw new HeparError('config', `there is no key file ${key}`)
  if (found != null) return found
  const places = `--key, ${keyBeside(backup)} or ${keyFile}`
  throw new HeparError(
    'config',
    `the key of the backup is missing: give the audit.key that you keep apart as ${places}`,
  )
}

function refuseForeign(draft: string, backup: string): void {
  const sqlite = openSqlite({ file: draft, busyTimeoutMs: 0 })
  try {
    if (sqlite.all("select 1 from sqlite_schema where name = 'audit'").length === 0) {
      throw failed(`${backup} is no backup of Hepar: name the file that "hepar backup" wrote`)
    }
    // A backup of an older Hepar is brought to this one here; one of a newer is refused.
    migrate(sqlite, backup)
  } finally {
    sqlite.close()
  }
}
