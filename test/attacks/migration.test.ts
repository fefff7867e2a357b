import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { readAuditKeys } from '../../src/adapters/store/audit-key.ts'
import { migrations } from '../../src/adapters/store/migrations.ts'
import { verifyLog } from '../../src/adapters/store/verify-log.ts'
import { hasCode } from '../../src/engine/errors.ts'
import { openIn, temporaryFolder } from '../adapters/store/open-store.ts'
import { placeIn, sampleAttempt, sampleEvent, sampleIncident } from '../adapters/store/samples.ts'
import { runProgram } from '../kit/process.ts'

const program = join(import.meta.dirname, '../fixtures/programs/migrate-and-die.ts')
const atOnce = 3
const events = 12

/** A store as the first version wrote it: a log, and an attempt that is under way. */
async function oldStore(): Promise<string> {
  const folder = temporaryFolder()
  const made = temporaryFolder()
  const store = await openIn(made)
  await store.transaction('test', async (tx) => {
    await tx.openIncidents([sampleIncident()])
    await tx.insertAttempt(sampleAttempt())
    await tx.append(Array.from({ length: events }, (_, index) => sampleEvent({ body: { index } })))
  })
  await store.close()
  copyFileSync(placeIn(made).keyFile, placeIn(folder).keyFile)
  const db = new DatabaseSync(placeIn(folder).file)
  db.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal')
  for (const statement of migrations[0] ?? []) db.exec(statement)
  db.exec(`attach '${placeIn(made).file}' as made`)
  for (const table of ['incidents', 'attempts', 'audit']) {
    const columns = db.prepare(`select name from pragma_table_info('${table}', 'main')`).all()
    const names = columns.map(({ name }) => String(name)).join(', ')
    db.exec(`insert into main.${table} (${names}) select ${names} from made.${table}`)
  }
  // `HEPA`, as every store has it.
  db.exec('detach made; pragma application_id = 0x48455041; pragma user_version = 1')
  db.close()
  return folder
}

function copyOf(folder: string): string {
  const copy = temporaryFolder()
  mkdirSync(copy, { recursive: true, mode: 0o700 })
  for (const file of [placeIn(folder).file, placeIn(folder).keyFile])
    copyFileSync(file, join(copy, file.split('/').at(-1)!))
  return copy
}

/** Everything that the newest schema knows of this store, by its tables. */
async function contentsOf(folder: string) {
  const store = await openIn(folder)
  const held = store.transaction('test', (tx) => tx.insertAttempt(sampleAttempt({ id: 't2' }))).catch((error) => error)
  const attempt = await store.read.attempt('t1')
  const incident = await store.read.incident('i1')
  const refused = hasCode(await held, 'target_held')
  await store.close()
  const { file, keyFile } = placeIn(folder)
  const db = new DatabaseSync(file, { readOnly: true })
  const schema = db.prepare('select type, name, sql from sqlite_schema order by name').all()
  db.close()
  const verified = await verifyLog({ file, keys: readAuditKeys(keyFile) })
  return { attempt, incident, refused, schema, intact: verified.ok && verified.count >= events }
}

test('a store whose migration was killed before any of its statements opens, and has lost nothing', async () => {
  const old = await oldStore()
  const whole = copyOf(old)
  const ended = await runProgram(process.execPath, [program, placeIn(whole).file, '1000000'])
  expect(ended.code).toBe(0)
  const statements = Number(ended.stdout.split(' ')[1])
  expect(statements).toBeGreaterThan(20)
  const expected = await contentsOf(whole)
  expect(expected).toMatchObject({ attempt: { id: 't1' }, incident: { id: 'i1' }, refused: true, intact: true })
  let next = 0
  const lane = async () => {
    for (let at = next; at < statements; at = next) {
      next += 1
      const folder = copyOf(old)
      const { code } = await runProgram(process.execPath, [program, placeIn(folder).file, String(at)])
      expect({ at, code }).toEqual({ at, code: null })
      expect({ at, ...(await contentsOf(folder)) }).toEqual({ at, ...expected })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}, 180_000)
