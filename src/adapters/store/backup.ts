import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StoreCopy } from '../../domain/copy.ts'
import { HeparError, messageOf } from '../../engine/errors.ts'
import { readAuditKeys } from './audit-key.ts'
import { type AuditKeys, genesis } from './chain.ts'
import { type CopyWords, failed, inCopyWords } from './copy-failure.ts'
import { checkDataFolder } from './data-folder.ts'
import { syncFolder, writeDurably } from './durable-file.ts'
import { isPutAway } from './log-lines.ts'
import { hexOf } from './packed.ts'
import { copySetting } from './settings-table.ts'
import { copyDatabase, openSqlite } from './sqlite.ts'
import { verifyLog } from './verify-log.ts'

const busyTimeoutMs = 5_000

export interface BackupOptions {
  /** The database file of the store, whether a Hepar uses it or not. */
  readonly file: string
  readonly keyFile: string
  readonly target: string
  /** Whether the chain of the copy is verified, for which the key must be there. */
  readonly verify: boolean
  /** Whether the key is written beside the copy. */
  readonly withKey: boolean
  /** Pages that are copied, and how many there are. */
  readonly onProgress: (done: number, of: number) => void
}

export interface BackupReport extends StoreCopy {
  readonly file: string
  readonly bytes: number
  readonly verified: boolean
  /** Where the key went, or `null`. */
  readonly key: string | null
  readonly keyFile: string
}

/** The copy's key lies beside it under this name. */
export function keyBeside(target: string): string {
  return `${target}.key`
}

/**
 * Copies a store into one new file (0600) that is there whole, on the disk and verified, or not at all.
 * Throws `conflict` when the target is there already, `store_unavailable` when either side fails or the chain does not verify.
 */
export async function backupStore(options: BackupOptions): Promise<BackupReport> {
  const { file, keyFile, target, verify, withKey, onProgress } = options
  if (!existsSync(file)) throw failed(`there is no store at ${file}: name its configuration with --config`)
  checkDataFolder(dirname(target), `folder ${dirname(target)}`)
  const key = withKey ? keyBeside(target) : null
  for (const wanted of [target, ...(key === null ? [] : [key])]) refuseExisting(wanted)
  const keys = verify || withKey ? readAuditKeys(keyFile) : null
  const draft = `${target}.${process.pid}.part`
  const words: CopyWords = {
    full: `${target} cannot be written, because its disk is full: free some space there, or choose another place`,
    damaged: `the store ${file} is damaged, and no backup was made: stop Hepar and restore an earlier one`,
    unproven: 'look at it with "hepar audit verify", and keep what you have as evidence',
  }
  discardCopy(draft)
  try {
    closeSync(openSync(draft, 'wx', 0o600))
    const takenAt = Date.now()
    await copyDatabase({ file, immutable: isPutAway(file), busyTimeoutMs }, draft, onProgress)
    const copy = markCopy(draft, takenAt, 'quick_check', words)
    if (verify && keys !== null) await verifyCopy(draft, keys, words)
    syncFile(draft)
    const { size: bytes } = statSync(draft)
    // First the key: a copy under its own name is complete.
    if (key !== null) writeDurably(key, readFileSync(keyFile, 'utf8'), { exclusive: true })
    nameOnce(draft, target)
    return { ...copy, file: target, bytes, verified: verify, key, keyFile }
  } catch (error) {
    throw inCopyWords(error, words)
  } finally {
    discardCopy(draft)
  }
}

/** Removes an unfinished copy with everything that SQLite may have put beside it. */
export function discardCopy(draft: string): void {
  for (const left of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`]) rmSync(left, { force: true })
}

/** Makes a copied database a single file, and writes into it that it is a copy. Throws `store_unavailable`. */
export function markCopy(
  file: string,
  takenAt: number,
  check: 'quick_check' | 'integrity_check',
  { damaged }: CopyWords,
): StoreCopy {
  const sqlite = openSqlite({ file, busyTimeoutMs })
  try {
    sqlite.all('pragma journal_mode = delete')
    const [head] = sqlite.all<{ seq: number; mac: Uint8Array }>('select seq, mac from audit order by seq desc limit 1')
    const copy: StoreCopy = { takenAt, seq: head?.seq ?? 0, mac: head === undefined ? genesis.mac : hexOf(head.mac) }
    // What was copied of a copy is as old as the first.
    sqlite.run(
      'insert into settings (name, value) values (?, ?) on conflict (name) do nothing',
      copySetting,
      JSON.stringify(copy),
    )
    const [found] = sqlite.all<Record<string, string>>(`pragma ${check}(1)`)
    if (found?.[check] !== 'ok') throw failed(damaged, found?.[check])
    const [stored] = sqlite.all<{ value: string }>('select value from settings where name = ?', copySetting)
    return JSON.parse(stored?.value ?? '') as StoreCopy
  } finally {
    sqlite.close()
  }
}

/** Verifies the chain of a copy. Throws `store_unavailable`. */
export async function verifyCopy(file: string, keys: AuditKeys, { unproven }: CopyWords): Promise<void> {
  const verification = await verifyLog({ file, keys })
  if (verification.ok) return
  throw failed(`the chain of the copy does not verify: ${verification.reason}; ${unproven}`)
}

export function refuseExisting(file: string): void {
  if (!existsSync(file)) return
  throw new HeparError('conflict', `${file} is there already, and nothing is overwritten: choose another name`)
}

export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Gives a finished file its name, unless somebody else took it meanwhile. */
export function nameOnce(draft: string, target: string): void {
  try {
    linkSync(draft, target)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') refuseExisting(target)
    throw failed(
      `${target} cannot be made (${messageOf(cause)}): choose a place on a file system with hard links`,
      cause,
    )
  }
  rmSync(draft)
  syncFolder(dirname(target))
}
