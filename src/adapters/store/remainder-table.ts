import type { Labels, Remainder } from '../../domain/alert.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type RemainderRow = StoreTables['remainders']

export function remainderReads(db: StoreDb): Pick<Reads, 'remainders'> {
  const all = prepared(db, db.selectFrom('remainders').selectAll().orderBy('id'))
  return { remainders: async () => (await all()).map(toRemainder) }
}

export function remainderWrites(db: StoreDb): Pick<Tx, 'saveRemainder' | 'removeRemainder'> {
  const upsert = preparedWrite(
    db,
    db
      .insertInto('remainders')
      .values({ id: text, group_digest: text, data: text })
      .onConflict((conflict) =>
        conflict
          .column('group_digest')
          .doUpdateSet((row) => ({ id: row.ref('excluded.id'), data: row.ref('excluded.data') })),
      ),
  )
  const newest = db.selectFrom('remainders').select('id').orderBy('id', 'desc').limit(integer)
  const keep = preparedWrite(db, db.deleteFrom('remainders').where('id', 'not in', newest))
  const remove = preparedWrite(db, db.deleteFrom('remainders').where('id', '=', text))
  return {
    async saveRemainder({ id, group, ...rest }, keepMax) {
      await upsert(id, group, JSON.stringify(rest))
      return keep(keepMax)
    },
    async removeRemainder(id) {
      await remove(id)
    },
  }
}

function toRemainder({ id, group_digest, data }: RemainderRow): Remainder {
  const rest = JSON.parse(data) as Omit<Remainder, 'id' | 'group'>
  const groupLabels: Labels = Object.assign(Object.create(null), rest.groupLabels)
  return { ...rest, groupLabels, id, group: group_digest }
}
