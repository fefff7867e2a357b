import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../../src/adapters/store/sqlite-store.ts'
import { placeIn, sampleEvent, silent } from './samples.ts'

// Marks in its own system calls where a write begins and where it is answered.
const [folder = ''] = process.argv.slice(2)
const store = await openSqliteStore({ ...placeIn(folder), clock: { now: Date.now }, log: silent })
for (let count = 0; count < 5; count++) {
  writeSync(1, 'asked\n')
  await store.transaction('write', (tx) => tx.append([sampleEvent()]))
  writeSync(1, 'answered\n')
}
await store.close()
