import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { HeparError } from '../../engine/errors.ts'
import type { StoredLine } from './chain.ts'
import { hexOf, packUuid, unpackUuid } from './packed.ts'
import { type Pruned, readPruned } from './pruned.ts'
import { openSqlite, type Sqlite } from './sqlite.ts'

const pageRows = 1_000
const busyTimeoutMs = 5_000

const page = `select seq, type, at, actor, incident, attempt, playbook, target, body, digest, key_id as keyId, mac
  from audit where seq > ? and seq <= ? order by seq limit ?`

/** The lines after one number up to another, read one by one: a reader that has enough just stops. */
export function* linesBetween(sqlite: Sqlite, after: number, upTo: number, limit: number): Generator<StoredLine> {
  for (const line of sqlite.prepare(page).iterate([after, upTo, limit])) yield readable(line as StoredLine)
}

/** Some lines of the log, and what was pruned of it at that very moment. */
export interface LogPage {
  readonly lines: readonly StoredLine[]
  readonly pruned: Pruned
}

/**
 * Streams the log of a database file as it lies there, up to the end it had when the reading began, and at least up to the
 * last record of a pruning; all of it, or what comes after one event. Works beside a running server: pages are short, so its
 * write-ahead log is never pinned. Throws `store_unavailable`.
 */
export async function* logPages(file: string, afterSeq?: number): AsyncGenerator<LogPage> {
  const immutable = isPutAway(file)
  const sqlite = openSqlite({ file, readOnly: true, immutable, busyTimeoutMs, bigIntegers: true })
  try {
    if (sqlite.all("select 1 from sqlite_schema where name = 'audit'").length === 0) {
      throw new HeparError('store_unavailable', `${file} has no audit log: name the database file of a store`)
    }
    const [bounds] = sqlite.all<{ first: bigint | null; last: bigint | null }>(
      'select min(seq) as first, max(seq) as last from audit',
    )
    // The log begins at 1, but what was slipped in before that must be seen, too.
    let after = afterSeq === undefined ? (bounds?.first ?? 0n) - 1n : BigInt(afterSeq)
    const last = bounds?.last ?? 0n
    let pruned: Pruned | null = null
    for (;;) {
      // One snapshot for both: a server may prune between two pages.
      sqlite.run('begin')
      pruned = readPruned(sqlite, pruned)
      const upTo = pruned.record === null ? last : max(last, BigInt(pruned.record.seq))
      const lines = sqlite.all<StoredLine & { seq: bigint }>(page, after, upTo, pageRows)
      sqlite.run('commit')
      yield { lines: lines.map(readable), pruned }
      const end = lines.at(-1)
      if (end === undefined) return
      after = end.seq
      await turn()
    }
  } finally {
    sqlite.close()
  }
}

/** The same, line by line. */
export async function* logLines(file: string): AsyncGenerator<StoredLine> {
  for await (const { lines } of logPages(file)) yield* lines
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function readable(line: StoredLine): StoredLine {
  return { ...line, incident: identity(line.incident), digest: digits(line.digest), mac: digits(line.mac) }
}

// There is one way to write an identity; what spells it otherwise was changed, so it is given back as what nothing equals.
function identity(stored: unknown): unknown {
  if (stored instanceof Uint8Array) return stored.length === 16 ? unpackUuid(stored) : false
  if (typeof stored === 'string') return packUuid(stored) === stored ? stored : false
  return stored === null ? null : false
}

// As text they are shown and chained; what is stored as anything but bytes was changed.
function digits(stored: unknown): string | null {
  return stored instanceof Uint8Array ? hexOf(stored) : null
}

// Beside a database in write-ahead mode SQLite must be able to write even to read it; a copy kept as evidence cannot be.
export function isPutAway(file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false
  try {
    accessSync(dirname(file), constants.W_OK)
    return false
  } catch {
    return true
  }
}
