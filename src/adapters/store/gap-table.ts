import { sql } from 'kysely'
import type { Gap } from '../../domain/retention.ts'
import type { Reads } from '../../engine/ports.ts'
import { integer, prepared, preparedWrite, type StoreDb, text } from './tables.ts'

export function gapReads(db: StoreDb): Pick<Reads, 'gaps'> {
  const all = prepared(db, db.selectFrom('audit_gaps').selectAll().orderBy('from_seq'))
  return {
    gaps: async () =>
      (await all()).map(({ from_seq, to_seq, mac, key_id }) => ({ from: from_seq, to: to_seq, mac, keyId: key_id })),
  }
}

/** Writes one more run down; runs that touch become one. */
export function gapWriter(db: StoreDb): (gap: Gap) => Promise<void> {
  const all = db.selectFrom('audit_gaps').selectAll().limit(sql.lit(1))
  const lastUpTo = prepared(db, all.where('from_seq', '<=', integer).orderBy('from_seq', 'desc'))
  const startingAt = prepared(db, all.where('from_seq', '=', integer))
  const remove = preparedWrite(db, db.deleteFrom('audit_gaps').where('from_seq', '=', integer))
  const insert = preparedWrite(
    db,
    db.insertInto('audit_gaps').values({ from_seq: integer, to_seq: integer, mac: text, key_id: text }),
  )
  return async ({ from, to, mac, keyId }) => {
    const before = (await lastUpTo(from)).find(({ to_seq }) => to_seq === from - 1)
    const [after] = await startingAt(to + 1)
    if (before !== undefined) await remove(before.from_seq)
    if (after !== undefined) await remove(after.from_seq)
    const end = after ?? { to_seq: to, mac, key_id: keyId }
    await insert(before?.from_seq ?? from, end.to_seq, end.mac, end.key_id)
  }
}
