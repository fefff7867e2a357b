import { expect, test } from 'vitest'
import { leftAloneMaxMs } from '../../src/domain/left-alone.ts'
import { leaveAlone } from '../../src/engine/end/leave-alone.ts'
import { openIn, temporaryFolder } from '../adapters/store/open-store.ts'
import { noon, sampleIncident } from '../adapters/store/samples.ts'

const hour = 3_600_000
const target = 'container/local/web'

test('a relapse makes the while longer, and a day after a person was told it is over all the same', async () => {
  const store = await openIn(temporaryFolder())
  const incident = await store.transaction('test', async (tx) => {
    await tx.leaveAlone({ target, why: 'flapping', reason: 'told', since: noon, until: noon + hour, incident: 'i1' })
    await tx.openIncidents([sampleIncident()])
    return sampleIncident()
  })
  const leaves = { why: 'flapping', targets: [target], windowMs: hour } as const
  const untilAfter = async (now: number) => {
    await store.transaction('test', async (tx) => {
      const current = (await tx.incident('i1')) ?? incident
      const more = { channel: null, reason: 'again', leaves, now, dueAt: now, newId: () => 'm1' }
      await leaveAlone(tx, { incident: current, ...more })
    })
    return (await store.read.leftAlone(target))[0]?.until
  }
  expect(await untilAfter(noon + 1)).toBe(noon + hour + 1)
  for (let passed = 1; passed < 24; passed += 0.5) await untilAfter(noon + passed * hour)
  expect(await untilAfter(noon + 23.9 * hour)).toBe(noon + leftAloneMaxMs)
})
