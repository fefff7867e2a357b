import { describe, expect, test } from 'vitest'
import type { Attempt, CheckResult } from '../../src/domain/attempt.ts'
import type { Incident } from '../../src/domain/incident.ts'
import { verifyRound } from '../../src/engine/act/verify.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

/** An attempt in verification whose action’s probe says what the test wants. */
async function verifying(passed: boolean, { verifies = true, attempt = {} as Partial<Attempt>, ill = false } = {}) {
  const probe: CheckResult = { check: 'inspect', passed, positive: true, detail: passed ? 'well' : 'ill' }
  const simulation = await simulate({ actions: { verify: async () => probe } })
  if (!verifies) {
    const actions = simulation.policy.actions.map((action) => ({ ...action, hasVerify: false }))
    simulation.policy = { ...simulation.policy, actions }
  }
  await simulation.deliver('web', 'firing')
  // Up to the moment after the result is recorded, before the first round.
  await simulation.settle()
  const [stored] = await simulation.store.read.attemptsOf((await theIncident(simulation)).id)
  await simulation.store.transaction('test', (tx) => tx.saveAttempt({ ...(stored as Attempt), ...attempt }))
  const patient = simulation.patients.get('web')
  if (patient) patient.ill = ill
  return simulation
}

/** Looks as often as a process would, up to the end of the window. */
async function lookOn(simulation: Simulation): ReturnType<typeof look> {
  for (let round = 0; round < 11; round += 1) await look(simulation, 10_000)
  return look(simulation, 11_000)
}

async function look(simulation: Simulation, afterMs: number): Promise<{ incident: Incident; attempt: Attempt }> {
  simulation.pass(afterMs)
  const { id } = await theIncident(simulation)
  const [attempt] = await simulation.store.read.attemptsOf(id)
  await verifyRound(attempt as Attempt, await theIncident(simulation), simulation.ports)
  const [after] = await simulation.store.read.attemptsOf(id)
  return { incident: await theIncident(simulation), attempt: after as Attempt }
}

describe('an incident', () => {
  test('is healed once every check has held for the playbook’s time, and says what proved it', async () => {
    const simulation = await verifying(true)
    expect((await look(simulation, 2_000)).incident.state).toBe('verifying')
    const { incident, attempt } = await look(simulation, 10_000)
    expect(incident).toMatchObject({ state: 'closed', ending: 'healed', reason: 'proven by inspect' })
    expect(attempt).toMatchObject({ phase: 'concluded', outcome: 'healed' })
    expect((await simulation.store.read.alerts('main', ['f-web']))[0]).toMatchObject({ resolvedBy: 'oracle' })
  })

  test('is not healed while the action’s probe fails, whatever its alerts say', async () => {
    const simulation = await verifying(false)
    for (let round = 0; round < 20; round += 1) {
      expect((await look(simulation, 5_000)).incident).toMatchObject({ state: 'verifying' })
    }
    expect(await typesOf(simulation)).not.toContain('incident.closed')
  })

  test('whose alerts cleared, while nothing looked at the target, is not healed but unverified', async () => {
    const simulation = await verifying(true, { verifies: false })
    await look(simulation, 2_000)
    const { incident, attempt } = await look(simulation, 11_000)
    expect(incident).toMatchObject({ state: 'closed', ending: 'unverified' })
    expect(attempt).toMatchObject({ outcome: 'unverified' })
  })

  test('that is still ill at the end of the window goes on to its next step, the attempt ineffective', async () => {
    const simulation = await verifying(false, { ill: true })
    const { incident, attempt } = await lookOn(simulation)
    expect(attempt).toMatchObject({ phase: 'concluded', outcome: 'ineffective' })
    expect(incident).toMatchObject({ state: 'open', step: 1 })
  })

  test('is healed by proof even when nobody saw the effect end, but its attempt stays unknown', async () => {
    const simulation = await verifying(true, { attempt: { effect: 'unknown', effectDetail: 'killed' } })
    await look(simulation, 2_000)
    const { incident, attempt } = await look(simulation, 11_000)
    expect(incident).toMatchObject({ ending: 'healed' })
    expect(attempt).toMatchObject({ outcome: 'unknown' })
  })

  test('with an unknown effect and no proof goes to a human, even when its alerts have cleared', async () => {
    const simulation = await verifying(false, { attempt: { effect: 'unknown', effectDetail: 'killed' } })
    const { incident, attempt } = await lookOn(simulation)
    expect(attempt).toMatchObject({ outcome: 'unknown' })
    expect(incident).toMatchObject({ owed: { reason: expect.stringContaining('killed') } })
    await simulation.settle()
    const [handedOver] = await simulation.store.read.incidents({ limit: 1 })
    expect(handedOver).toMatchObject({ state: 'handed_over' })
  })
})

test('a round that was overtaken changes nothing', async () => {
  const simulation = await verifying(true)
  const incident = await theIncident(simulation)
  const [attempt] = await simulation.store.read.attemptsOf(incident.id)
  const round = (looked: Attempt) => verifyRound(looked, incident, simulation.ports)
  const older = { ...(attempt as Attempt), fence: 0 }
  await expect(round(older)).rejects.toMatchObject({ code: 'stale_write' })
  const concluded = { phase: 'concluded', outcome: 'unknown', concludedAt: simulation.now() } as const
  await simulation.store.transaction('test', (tx) => tx.saveAttempt({ ...(attempt as Attempt), ...concluded }))
  await expect(round(attempt as Attempt)).rejects.toMatchObject({ code: 'stale_write' })
  expect(await typesOf(simulation)).not.toContain('incident.closed')
})
