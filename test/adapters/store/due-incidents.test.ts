import { expect, onTestFinished, test } from 'vitest'
import { dueReads } from '../../../src/adapters/store/due-incidents.ts'
import { openSqlite } from '../../../src/adapters/store/sqlite.ts'
import { kyselyOver } from '../../../src/adapters/store/tables.ts'
import type { Incident } from '../../../src/domain/incident.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { noon, placeIn, sampleIncident } from './samples.ts'

/** The reads over what a store has written, and how many statements they ran. */
async function readsOf(incidents: readonly Partial<Incident>[]) {
  const folder = temporaryFolder()
  const store = await openIn(folder)
  const whole = incidents.map((incident, index) =>
    sampleIncident({ id: `i${index}`, target: `redis/${index}`, ...incident }),
  )
  await store.transaction('test', (tx) => tx.openIncidents(whole))
  const sqlite = openSqlite({ file: placeIn(folder).file, readOnly: true, busyTimeoutMs: 1_000 })
  onTestFinished(() => sqlite.close())
  const ran = { statements: 0 }
  const counting: typeof sqlite = {
    ...sqlite,
    all: (...query) => {
      ran.statements += 1
      return sqlite.all(...query)
    },
    prepare: (text) => {
      ran.statements += 1
      return sqlite.prepare(text)
    },
  }
  return { read: dueReads(kyselyOver(counting)), ran }
}

test('each playbook has a lane, what is under way another, and each gives its most overdue first', async () => {
  const { read } = await readsOf([
    { playbook: 'b', dueAt: noon + 9 },
    { playbook: 'b', dueAt: noon + 3 },
    { playbook: 'b', dueAt: noon + 6 },
    { playbook: 'a', dueAt: noon + 5 },
    { playbook: 'a', dueAt: noon + 1, state: 'verifying' },
    { playbook: 'b', dueAt: noon + 2, state: 'holding' },
    { playbook: 'c', dueAt: noon + 11 },
    { playbook: 'd', dueAt: null, state: 'closed' },
  ])
  expect(await read.lanes(noon + 10, 2)).toEqual([
    {
      playbook: null,
      due: [
        { id: 'i4', dueAt: noon + 1 },
        { id: 'i5', dueAt: noon + 2 },
      ],
    },
    { playbook: 'a', due: [{ id: 'i3', dueAt: noon + 5 }] },
    {
      playbook: 'b',
      due: [
        { id: 'i1', dueAt: noon + 3 },
        { id: 'i2', dueAt: noon + 6 },
      ],
    },
  ])
  expect(await read.lanes(noon, 2)).toEqual([])
  expect(await read.nextDueAt()).toBe(noon + 1)
  expect(await read.dueFrom('b', noon + 6, 10)).toBe(2)
  expect(await read.dueFrom('b', noon, 2)).toBe(2)
})

test('a look is one statement, however many playbooks there are', async () => {
  const many = Array.from({ length: 500 }, (_, index) => ({ playbook: `p-${index}`, dueAt: noon + index }))
  const { read, ran } = await readsOf(many)
  expect(await read.lanes(noon + 399, 10)).toHaveLength(400)
  expect(ran.statements).toBe(1)
  expect(await read.nextDueAt()).toBe(noon)
  expect(ran.statements).toBe(2)
})
