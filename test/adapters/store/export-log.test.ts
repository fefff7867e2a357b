import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { exportLog } from '../../../src/adapters/store/export-log.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { placeIn, sampleEvent } from './samples.ts'

test('the log is exported line by line as it is read, and ends with a checkpoint', async () => {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const { file } = placeIn(folder)
  await store.transaction('test', (tx) =>
    tx.append([sampleEvent({ incident: 'i1' }), sampleEvent({ body: { text: 'line\nbreak' } }), sampleEvent()]),
  )
  const eraser = new DatabaseSync(file)
  eraser.exec('update audit set body = null where seq = 3')
  eraser.close()
  const lines = await all(exportLog({ file }))
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  const parsed = lines.map((line) => JSON.parse(line))
  expect(parsed.slice(0, 3)).toEqual(await store.read.audit({ limit: 9 }))
  expect(parsed[2].body).toBe(null)
  expect(parsed[3]).toEqual({ checkpoint: await store.read.auditHead() })
})

test('an empty log is exported as the checkpoint of its beginning', async () => {
  const folder = temporaryFolder()
  await openIn(folder)
  const lines = await all(exportLog(placeIn(folder)))
  expect(lines).toEqual([`{"checkpoint":{"seq":0,"mac":"${'0'.repeat(64)}","at":0}}\n`])
})

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const read: string[] = []
  for await (const line of lines) read.push(line)
  return read
}
