import { describe, expect, test } from 'vitest'
import type { Incident } from '../../src/domain/incident.ts'
import { manualPlaybook } from '../../src/domain/manual-playbook.ts'
import { concludeUnhealed } from '../../src/engine/act/conclude.ts'
import { advance } from '../../src/engine/advance.ts'
import { someAttempt, someIncident, somePlaybook } from '../kit/records.ts'
import { simulate } from './simulate.ts'

type Outcome = 'ineffective' | 'failed' | 'unknown' | 'cancelled'

/** Concludes an attempt of the first step and gives what became of the incident. */
async function conclude(outcome: Outcome, more: Partial<Incident> = {}, playbook = somePlaybook()) {
  const simulation = await simulate()
  const incident = someIncident({ state: 'acting', step: 1, attempts: 1, touched: true, ...more })
  const attempt = someAttempt({ effect: outcome === 'cancelled' ? 'not_started' : 'done' })
  const { store, ports } = simulation
  await store.transaction('test', async (tx) => {
    await tx.openIncidents([incident])
    await tx.insertAttempt(attempt)
  })
  await store.transaction('test', (tx) =>
    concludeUnhealed(
      tx,
      { incident, attempt, playbook },
      { outcome, reason: 'why', now: 10_000, newId: ports.newId, announce: [] },
    ),
  )
  const after = await store.read.incident(incident.id)
  const { phase, outcome: stored } = (await store.read.attempt(attempt.id)) ?? {}
  return {
    incident: after,
    attempt: { phase, outcome: stored },
    outbox: await store.read.outboxDue(1e15, 9),
    simulation,
  }
}

describe('an outcome that did not heal', () => {
  test('leads to the next step when it was ineffective or failed', async () => {
    for (const outcome of ['ineffective', 'failed'] as const) {
      const { incident, attempt, outbox } = await conclude(outcome)
      expect(incident).toMatchObject({ state: 'open', step: 1, dueAt: 10_000 })
      expect(attempt).toEqual({ phase: 'concluded', outcome })
      expect(outbox).toEqual([])
    }
  })

  test('that nobody knows goes to a human at once, and never to the next step', async () => {
    const { incident, attempt, simulation } = await conclude('unknown')
    expect(incident).toMatchObject({ state: 'open', step: 2, owed: { channel: 'oncall', reason: 'why' } })
    await advance('i1', simulation.ports)
    expect(await simulation.store.read.incident('i1')).toMatchObject({
      ending: 'escalated',
      human: true,
      owed: null,
    })
    const outbox = await simulation.store.read.outboxDue(1e15, 9)
    expect(attempt).toEqual({ phase: 'concluded', outcome: 'unknown' })
    expect(outbox.map(({ channel }) => channel)).toEqual(['oncall'])
  })

  test('that nobody knows ends a manual heal’s ladder, since its human is there already', async () => {
    const manual = { action: 'container-restart', with: {}, by: 'ada', reason: '' }
    const { incident, outbox } = await conclude('unknown', { manual }, manualPlaybook({ manual }))
    expect(incident).toMatchObject({ state: 'open', step: 1 })
    expect(outbox).toEqual([])
  })

  test('goes where the step says, when it says so', async () => {
    const [first] = somePlaybook().steps
    const on = { ineffective: 'escalate', failed: 'stop', unknown: 'next' } as const
    const steps = [{ ...first, on }, first, { kind: 'escalate', channel: 'oncall' }] as never
    const playbook = somePlaybook({ steps })
    expect((await conclude('ineffective', {}, playbook)).incident).toMatchObject({ state: 'open', step: 2 })
    expect((await conclude('failed', {}, playbook)).incident).toMatchObject({ state: 'open', step: 3 })
    expect((await conclude('unknown', {}, playbook)).incident).toMatchObject({ state: 'open', step: 1 })
  })
})

describe('an idempotent action whose end nobody saw', () => {
  test('is started once more, and then goes to a human like any other', async () => {
    const { simulation } = await conclude('failed')
    const { store, ports } = simulation
    const incident = someIncident({ id: 'i2', target: 'container/local/db', state: 'acting', step: 1 })
    const same = { incident: 'i2', target: incident.target, idempotent: true, idempotencyKey: 'k' }
    const ending = { outcome: 'unknown', reason: '', now: 10_000, newId: ports.newId, announce: [] } as const
    const end = async (id: string) => {
      const subject = { incident: (await store.read.incident('i2')) ?? incident, playbook: somePlaybook() }
      const attempt = someAttempt({ id, ...same })
      await store.transaction('test', async (tx) => {
        if (id === 'first') await tx.openIncidents([incident])
        await tx.insertAttempt(attempt)
        await concludeUnhealed(tx, { ...subject, attempt }, ending)
      })
      return store.read.incident('i2')
    }
    expect(await end('first')).toMatchObject({ state: 'open', step: 0 })
    expect(await end('second')).toMatchObject({ state: 'open', owed: { reason: '' } })
  })
})

describe('an attempt that was called off before it began', () => {
  test('has touched nothing, and may be made again after a pause that a bound limits', async () => {
    const { incident } = await conclude('cancelled')
    expect(incident).toMatchObject({ state: 'open', step: 0, touched: false, dueAt: 12_000, blockedSince: 2_000 })
  })

  test('does not make an incident untouched that an earlier attempt has touched', async () => {
    const simulation = await simulate()
    const incident = someIncident({ state: 'acting', step: 1, touched: true })
    const earlier = someAttempt({
      id: 'a0',
      phase: 'concluded',
      outcome: 'failed',
      effect: 'failed',
      intendedAt: 1_500,
    })
    const attempt = someAttempt({ effect: 'not_started' })
    const ending = {
      outcome: 'cancelled',
      reason: '',
      now: 10_000,
      newId: simulation.ports.newId,
      announce: [],
    } as const
    await simulation.store.transaction('test', async (tx) => {
      await tx.openIncidents([incident])
      await tx.insertAttempt(earlier)
      await tx.insertAttempt(attempt)
      await concludeUnhealed(tx, { incident, attempt, playbook: somePlaybook() }, ending)
    })
    expect(await simulation.store.read.incident(incident.id)).toMatchObject({ touched: true })
  })
})

test('whoever waited for the target looks again at once', async () => {
  const { simulation } = await conclude('failed')
  const waiting = someIncident({ id: 'other', playbook: 'other', state: 'waiting', dueAt: 900_000 })
  const incident = someIncident({ id: 'again', playbook: 'again', state: 'acting' })
  const attempt = someAttempt({ id: 'a2', incident: 'again', playbook: 'again' })
  const ending = { outcome: 'failed', reason: '', now: 20_000, newId: simulation.ports.newId, announce: [] } as const
  await simulation.store.transaction('test', async (tx) => {
    await tx.openIncidents([waiting])
    await tx.openIncidents([incident])
    await tx.insertAttempt(attempt)
    await concludeUnhealed(tx, { incident, attempt, playbook: somePlaybook() }, ending)
  })
  expect((await simulation.store.read.incident('other'))?.dueAt).toBe(20_000)
})
