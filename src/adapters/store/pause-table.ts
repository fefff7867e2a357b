import type { ScopedPause } from '../../domain/pause.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

export function pauseReads(db: StoreDb): Pick<Reads, 'pauses'> {
  const all = prepared(db, db.selectFrom('pauses').selectAll().orderBy('id'))
  return { pauses: async () => (await all()).map(toPause) }
}

export function pauseWrites(db: StoreDb): Pick<Tx, 'insertPause' | 'removePause'> {
  const insert = preparedWrite(db, db.insertInto('pauses').values({ id: text, data: text }))
  const byId = prepared(db, db.selectFrom('pauses').selectAll().where('id', '=', text))
  const remove = preparedWrite(db, db.deleteFrom('pauses').where('id', '=', text))
  return {
    async insertPause({ id, ...rest }) {
      await insert(id, JSON.stringify(rest))
    },
    async removePause(id) {
      const [row] = await byId(id)
      if (row === undefined) return null
      await remove(id)
      return toPause(row)
    },
  }
}

function toPause({ id, data }: StoreTables['pauses']): ScopedPause {
  return { ...(JSON.parse(data) as Omit<ScopedPause, 'id'>), id }
}
