import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { HeparError } from '../../engine/errors.ts'
import type { StoredLine } from './chain.ts'
import { hexOf, packUuid, unpackUuid } from './packed.ts'
import { openSqlite } from './sqlite.ts'

const pageRows = 1_000
const busyTimeoutMs = 5_000

const page = `select seq, type, at, actor, incident, attempt, playbook, target, body, digest, key_id as keyId, mac
  from audit where seq > ? and seq <= ? order by seq limit ${pageRows}`

/**
 * Streams the log of a database file as it lies there, up to the end it had when the reading began; all of it, or what
 * comes after one event. Works beside a running server: pages are short, so its write-ahead log is never pinned.
 * Throws `store_unavailable`.
 */
export async function* logLines(file: string, afterSeq?: number): AsyncGenerator<StoredLine> {
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
    for (;;) {
      const lines = sqlite.all<StoredLine & { seq: bigint }>(page, after, bounds?.last ?? 0n)
      for (const line of lines) yield readable(line)
      const last = lines.at(-1)
      if (last === undefined) return
      after = last.seq
      await turn()
    }
  } finally {
    sqlite.close()
  }
}

function readable(line: StoredLine): StoredLine {
  return { ...line, incident: identity(line.incident), digest: digits(line.digest), mac: digits(line.mac) }
}

// There is one way to write an identity; what spells it otherwise was changed, so it is given back as what nothing equals.
function identity(stored: unknown): unknown {
  if (stored instanceof Uint8Array) return stored.length === 16 ? unpackUuid(stored) : false
  return typeof stored === 'string' && packUuid(stored) !== stored ? false : stored
}

// As text they are shown and chained; what is stored as anything but bytes was changed.
function digits(stored: unknown): string | null {
  return stored instanceof Uint8Array ? hexOf(stored) : null
}

// Beside a database in write-ahead mode SQLite must be able to write even to read it; a copy kept as evidence cannot be.
function isPutAway(file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false
  try {
    accessSync(dirname(file), constants.W_OK)
    return false
  } catch {
    return true
  }
}
