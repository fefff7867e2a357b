import { existsSync } from 'node:fs'
import type { AuditEvent } from '../../domain/audit.ts'
import { HeparError, messageOf } from '../../engine/errors.ts'
import type { Checkpoint, Clock, Log, Store } from '../../engine/ports.ts'
import { openAuditKeys } from './audit-key.ts'
import { createAuditWriter } from './audit-writer.ts'
import type { AuditKeys } from './chain.ts'
import { type FileGuard, type GuardedFile, guardFiles } from './file-guard.ts'
import { createGroupCommit } from './group-commit.ts'
import { verifyTail } from './log-tail.ts'
import { migrate } from './migrations.ts'
import { createPrunableFinder } from './prunable.ts'
import { openSqlite, type Sqlite } from './sqlite.ts'
import { prepareStoreFile } from './store-file.ts'
import { createStoreHealth } from './store-health.ts'
import { shrinkFile, sizeOf } from './store-size.ts'
import { readsOver, txOver } from './store-tables.ts'
import { kyselyOver, type StoreDb } from './tables.ts'

/** FULL waits for the disk at each commit; with anything less, an answered delivery may be lost with the power. */
const synchronous = 'FULL'

const busyTimeoutMs = 5_000
const writerCacheKib = 16 * 1024
const readerCacheKib = 8 * 1024
/** Most rows take 400 bytes and more: a page half as large leaves a fifteenth of itself empty. */
const pageBytes = 8_192
const walPagesMax = (16 * 1024 * 1024) / pageBytes
const walBytesKept = 64 * 1024 * 1024

export interface SqliteStoreOptions {
  readonly file: string
  /** Keys of the audit log (0600); created with the first start. */
  readonly keyFile: string
  /** The lock under which the data folder is used; nothing is written once it is gone. */
  readonly lock?: GuardedFile
  readonly clock: Clock
  readonly log: Log
  readonly checkpoint?: Checkpoint
}

/**
 * Opens the embedded store. The caller holds the data folder's lock. Throws `store_unavailable` when the file or its
 * medium is unusable, `conflict` when another program or a newer version wrote it, `config` when the key is the problem.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, keyFile, lock, clock, log, checkpoint } = options
  prepareStoreFile(file, { started: existsSync(keyFile) })
  const writer = openSqlite({ file, busyTimeoutMs })
  const closing = new DisposableStack()
  closing.defer(() => writer.close())
  try {
    prepareWriter(writer, file)
    const db = kyselyOver(writer)
    const head = await readsOver(db).auditHead()
    const keys = openAuditKeys(keyFile, head.seq)
    const lastKeyId = await verifyTail(file, head.seq, keys)
    const reader = openSqlite({ file, readOnly: true, busyTimeoutMs })
    closing.defer(() => reader.close())
    reader.all(`pragma cache_size = -${readerCacheKib}`)
    const guard = guardFiles([
      { file, shrinksTo: Number.POSITIVE_INFINITY },
      { file: `${file}-wal`, shrinksTo: walBytesKept },
      ...(lock === undefined ? [] : [lock]),
    ])
    const store = assemble({ file, writer, db, reader, guard, keys, log, checkpoint, close: () => closing.dispose() })
    if (lastKeyId !== null && lastKeyId !== keys.current.id) await recordKeyChange(store, lastKeyId, keys, clock)
    return store
  } catch (error) {
    closing.dispose()
    throw error
  }
}

function prepareWriter(writer: Sqlite, file: string): void {
  // Both only before the first page is written; a store without the second keeps the pages that retention frees for what comes.
  writer.all(`pragma page_size = ${pageBytes}`)
  writer.all('pragma auto_vacuum = incremental')
  const [mode] = writer.all<{ journal_mode: string }>('pragma journal_mode = wal')
  if (mode?.journal_mode !== 'wal') {
    throw new HeparError('store_unavailable', `store ${file}: keep the data folder on a local file system`)
  }
  writer.all(`pragma synchronous = ${synchronous}`)
  writer.all('pragma foreign_keys = on')
  writer.all('pragma temp_store = memory')
  writer.all(`pragma cache_size = -${writerCacheKib}`)
  writer.all(`pragma wal_autocheckpoint = ${walPagesMax}`)
  writer.all(`pragma journal_size_limit = ${walBytesKept}`)
  migrate(writer, file)
  // After a crash this brings what the write-ahead log still holds into the database, while nobody waits for it.
  writer.all('pragma wal_checkpoint(truncate)')
}

// What fills the disk may be the write-ahead log itself: once the database has its pages, they are written over.
function makeRoom(writer: Sqlite): void {
  if (writer.inTransaction()) return
  try {
    // It waits for no reader, since it would keep the event loop.
    writer.all('pragma wal_checkpoint(passive)')
  } catch {
    // The write that follows says why.
  }
}

// Only a write shows that the medium works again.
function proveWritable(writer: Sqlite): void {
  writer.run(`insert into settings (name, value) values ('writable', '1')
    on conflict (name) do update set value = cast(cast(value as integer) + 1 as text)`)
}

async function recordKeyChange(store: Store, from: string, { current }: AuditKeys, clock: Clock): Promise<void> {
  const event = { type: 'audit.key_changed', at: clock.now(), actor: 'engine', body: { from, to: current.id } } as const
  await store.transaction('store.key_changed', (tx) => tx.append([event]))
}

interface StoreParts {
  readonly file: string
  readonly writer: Sqlite
  readonly db: StoreDb
  readonly reader: Sqlite
  readonly guard: FileGuard
  readonly keys: AuditKeys
  readonly log: Log
  readonly checkpoint: Checkpoint | undefined
  readonly close: () => void
}

function assemble({ file, writer, db, reader, guard, keys, log, checkpoint, close }: StoreParts): Store {
  const listeners = new Set<(events: readonly AuditEvent[]) => void>()
  const audit = createAuditWriter(db, keys.current)
  const reads = readsOver(db)
  const health = createStoreHealth({
    log,
    probe() {
      makeRoom(writer)
      return commits.run('store.probe', async () => proveWritable(writer))
    },
  })
  const commits = createGroupCommit({
    sqlite: writer,
    checkFiles: guard.check,
    audit,
    readHead: reads.auditHead,
    tx: {
      ...txOver(db, reads, audit),
      shrink: async (pages) => shrinkFile(writer, pages, (bytes) => guard.mayShrink(file, bytes)),
    },
    checkpoint,
    onFailure: health.failed,
    onDurable(events) {
      health.succeeded()
      for (const listener of listeners) {
        try {
          listener(events)
        } catch (error) {
          log.error({ reason: messageOf(error) }, 'commit listener failed')
        }
      }
    },
  })
  const readerDb = kyselyOver(reader)
  return {
    read: readsOver(readerDb),
    prunable: createPrunableFinder(readerDb, keys),
    size: () => sizeOf(reader),
    transaction: commits.run,
    onCommit(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    health() {
      const lost = guard.problem()
      return lost === null ? health.current() : { ok: false, reason: lost.message }
    },
    async close() {
      await commits.close()
      health.close()
      close()
    },
  }
}
