import { expect, test } from 'vitest'
import { createNewId } from '../../src/adapters/store/uuid.ts'
import type { Attempt } from '../../src/domain/attempt.ts'
import { type Ending, endings } from '../../src/domain/incident.ts'
import { closeIncident, creditOf } from '../../src/engine/end/close.ts'
import { someAttempt, someIncident } from '../kit/records.ts'
import { simulate } from './simulate.ts'

async function closed(ending: Ending, more = {}, attempt: Partial<Attempt> = {}) {
  const { store } = await simulate()
  const incident = someIncident({ illSince: 1_000, acceptedAt: 2_000, ...more })
  await store.transaction('test', async (tx) => {
    await tx.openIncidents([incident])
    const times = { intendedAt: 5_000, effectEndedAt: 7_000, concludedAt: 17_000 }
    await tx.insertAttempt(someAttempt({ phase: 'concluded', outcome: 'healed', effect: 'done', ...times, ...attempt }))
    await closeIncident(tx, incident, { ending, reason: 'why', now: 20_000, newId: createNewId() })
  })
  return (await store.read.audit({ types: ['incident.closed'], limit: 9 }))[0]?.body
}

test('a recovery has its time, and the parts of it add up to the whole', async () => {
  const body = await closed('healed')
  expect(body).toMatchObject({ recoverySeconds: 19, phases: { accept: 1, decide: 6, act: 2, verify: 10 } })
})

test('what was called off before it began is no attempt, so that nothing counts as tried in vain', async () => {
  expect(await closed('healed')).toMatchObject({ attempts: 1 })
  expect(await closed('self_recovered', {}, { effect: 'not_started', outcome: 'cancelled' })).toMatchObject({
    attempts: 0,
  })
})

test('only where the target is well is there a time to recovery', async () => {
  for (const ending of endings) {
    const body = await closed(ending)
    const recovers = !['refused', 'cancelled'].includes(ending)
    expect([ending, body?.recoverySeconds !== null]).toEqual([ending, recovers])
  }
})

test('automation is credited only with what it healed, and never where a human took part', () => {
  const by = (ending: Ending, human = false) => creditOf(someIncident({ human }), ending)
  expect(by('healed')).toBe('automation')
  expect(by('healed', true)).toBe('human')
  for (const ending of ['self_recovered', 'unverified', 'cancelled'] as const) expect(by(ending)).toBe('self')
})
