import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../../src/adapters/store/sqlite-store.ts'
import { placeIn, sampleAlert, sampleEvent, silent } from './samples.ts'

// Writes as fast as it can and prints what it was told is durable, until it is killed.
const [folder = '', round = ''] = process.argv.slice(2)
const store = await openSqliteStore({ ...placeIn(folder), clock: { now: Date.now }, log: silent })

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const name = `${round}.${writer}.${count}`
    await store.transaction('write', async (tx) => {
      await tx.saveAlerts([sampleAlert({ fingerprint: name })])
      await tx.append([sampleEvent({ body: { name } }), sampleEvent({ body: { padding: 'x'.repeat(500) } })])
    })
    writeSync(1, `${name}\n`)
  }
}

await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write))
