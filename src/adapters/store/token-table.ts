import { existsSync } from 'node:fs'
import type { Role } from '../../domain/config.ts'
import type { StoredToken } from '../../domain/token.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { openSqlite } from './sqlite.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

export function tokenReads(db: StoreDb): Pick<Reads, 'tokens'> {
  const all = prepared(db, db.selectFrom('tokens').selectAll().orderBy('key'))
  return { tokens: async () => (await all()).map(toToken) }
}

export function tokenWrites(db: StoreDb): Pick<Tx, 'insertToken' | 'revokeToken' | 'forgetTokens'> {
  const place = { id: text, name: text, role: text, digest: text, created_at: integer, created_by: text }
  const insert = preparedWrite(
    db,
    db.insertInto('tokens').values({ ...place, expires_at: integer, revoked_at: integer }),
  )
  const revoke = preparedWrite(db, db.updateTable('tokens').set({ revoked_at: integer }).where('id', '=', text))
  const forget = preparedWrite(
    db,
    db.deleteFrom('tokens').where((row) => row.or([row('revoked_at', '<', integer), row('expires_at', '<', integer)])),
  )
  return {
    async insertToken({ id, name, role, digest, createdAt, createdBy, expiresAt, revokedAt }) {
      await insert(id, name, role, digest, createdAt, createdBy, expiresAt, revokedAt)
    },
    async revokeToken(id, at) {
      await revoke(at, id)
    },
    async forgetTokens(before) {
      await forget(before, before)
    },
  }
}

/** Whether a store, which may be in use or not be there yet, has a token that was not revoked. Never throws. */
export function hasTokens(file: string): boolean {
  if (!existsSync(file)) return false
  try {
    const sqlite = openSqlite({ file, readOnly: true, busyTimeoutMs: 1_000 })
    try {
      return sqlite.all('select 1 from tokens where revoked_at is null limit 1').length > 0
    } finally {
      sqlite.close()
    }
  } catch {
    return false
  }
}

function toToken(row: Omit<StoreTables['tokens'], 'key'>): StoredToken {
  const { id, name, digest, created_at, created_by, expires_at, revoked_at } = row
  const when = { createdAt: created_at, expiresAt: expires_at, revokedAt: revoked_at }
  return { id, name, role: row.role as Role, digest, createdBy: created_by, ...when }
}
