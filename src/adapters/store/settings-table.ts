import type { StoreCopy } from '../../domain/copy.ts'
import type { Pause } from '../../domain/pause.ts'
import { noStorm, type StormRecord } from '../../domain/storm.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { prepared, preparedWrite, type StoreDb, text } from './tables.ts'

/** Where a copy says that it is one. */
export const copySetting = 'copy'

export function settingReads(db: StoreDb): Pick<Reads, 'pause' | 'copy' | 'stormRecord'> {
  const read = prepared(db, db.selectFrom('settings').select('value').where('name', '=', text))
  return {
    async pause() {
      const [row] = await read('pause')
      return row === undefined ? null : (JSON.parse(row.value) as Pause)
    },
    async stormRecord() {
      const [row] = await read('storm')
      return row === undefined ? noStorm : (JSON.parse(row.value) as StormRecord)
    },
    async copy() {
      const [row] = await read(copySetting)
      return row === undefined ? null : (JSON.parse(row.value) as StoreCopy)
    },
  }
}

export function settingWrites(db: StoreDb): Pick<Tx, 'setPause' | 'setStormRecord' | 'forgetCopy'> {
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
    async setStormRecord(record) {
      await write('storm', JSON.stringify(record))
    },
    async forgetCopy() {
      await remove(copySetting)
    },
  }
}
