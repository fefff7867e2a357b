import type { Pause } from '../../domain/pause.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { prepared, preparedWrite, type StoreDb, text } from './tables.ts'

export function settingReads(db: StoreDb): Pick<Reads, 'pause'> {
  const read = prepared(db, db.selectFrom('settings').select('value').where('name', '=', text))
  return {
    async pause() {
      const [row] = await read('pause')
      return row === undefined ? null : (JSON.parse(row.value) as Pause)
    },
  }
}

export function settingWrites(db: StoreDb): Pick<Tx, 'setPause'> {
  const write = preparedWrite(
    db,
    db
      .insertInto('settings')
      .values({ name: text, value: text })
      .onConflict((conflict) => conflict.column('name').doUpdateSet((row) => ({ value: row.ref('excluded.value') }))),
  )
  const remove = preparedWrite(db, db.deleteFrom('settings').where('name', '=', text))
  return {
    async setPause(pause) {
      if (pause === null) await remove('pause')
      else await write('pause', JSON.stringify(pause))
    },
  }
}
