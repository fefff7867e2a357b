import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import { receive } from '../../src/engine/receive.ts'
import { releaseStorm } from '../../src/engine/release-storm.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { reliefPlaybook } from './relief.ts'
import { simulate, theIncident } from './simulate.ts'

const hour = 3_600_000

async function letPass(simulation: Simulation, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 2_000) {
    simulation.pass(2_000)
    await simulation.settle()
  }
}

/** By a clock that is three hours ahead, until it is set right. */
async function fallIllAhead(wish: Parameters<typeof simulate>[0]): Promise<Simulation> {
  const simulation = await simulate(wish)
  simulation.pass(24 * hour)
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  return simulation
}

describe('a clock that is set back by hours, while an incident', () => {
  test('settles, makes it settle from then, and no longer', async () => {
    const simulation = await fallIllAhead({ playbook: { settleMs: 60_000 } })
    simulation.pass(-3 * hour)
    await letPass(simulation, 58_000)
    expect(simulation.patients.get('web')?.restarts).toHaveLength(0)
    await letPass(simulation, 6_000)
    expect(simulation.patients.get('web')?.restarts).toHaveLength(1)
  })

  test('is blocked, keeps nobody waiting for longer than `maxWait`', async () => {
    const simulation = await fallIllAhead({
      sources: { ask: async () => ({ kind: 'unavailable', reason: 'played' }) },
      playbook: { limits: { ...somePlaybook().limits, maxWaitMs: 60_000 } },
    })
    expect(await theIncident(simulation)).toMatchObject({ waiting: { gate: 'freshness' } })
    simulation.pass(-3 * hour)
    await letPass(simulation, 70_000)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
  })

  test('is handed over, does not keep the message for hours', async () => {
    const steps = [{ kind: 'escalate', channel: 'oncall' }] as const
    const simulation = await fallIllAhead({ playbook: { steps } })
    simulation.pass(-3 * hour)
    await simulation.settle()
    expect(await simulation.store.read.outboxDue(simulation.now(), 9)).toHaveLength(1)
  })

  test('is verified, ends the verification in its time: healed with a proof, or with the next step', async () => {
    const cured = await fallIllAhead({})
    const ill = await fallIllAhead({ patients: [somePatient('web', false)] })
    for (const simulation of [cured, ill]) {
      expect(await theIncident(simulation)).toMatchObject({ state: 'verifying' })
      simulation.pass(-3 * hour)
    }
    await letPass(cured, 30_000)
    expect(await theIncident(cured)).toMatchObject({ state: 'closed', ending: 'healed' })
    await letPass(ill, 130_000)
    expect(await theIncident(ill)).toMatchObject({ state: 'handed_over' })
  })

  test('is carried by a temporary effect, does not make that stay for hours', async () => {
    const simulation = await fallIllAhead({ patients: [somePatient('web', false, 'while')], playbook: reliefPlaybook })
    await letPass(simulation, 30_000)
    const web = simulation.patients.get('web')
    expect({ state: (await theIncident(simulation)).state, eased: web?.eased }).toEqual({
      state: 'holding',
      eased: true,
    })
    simulation.pass(-3 * hour)
    await letPass(simulation, 700_000)
    expect(web?.eased).toBe(false)
  })
})

test('when a person ends a storm, all whom it held look again, however many they are', async () => {
  const patients = Array.from({ length: 250 }, (_, index) => somePatient(`p${index}`))
  const limits = { ...defaultLimits, rate: [] }
  const simulation = await simulate({ patients, config: { limits } })
  const alerts = patients.map(({ name }) => patientAlert(name, { startsAt: simulation.now() }))
  await receive(someDelivery(alerts), 'webhook', simulation.ports)
  await simulation.settle()
  expect(await simulation.store.read.due(simulation.now(), 500)).toHaveLength(0)
  await releaseStorm('operator:ada', 'a drill', simulation.ports)
  await simulation.wake()
  expect(await simulation.store.read.due(simulation.now(), 500)).toHaveLength(250)
})
