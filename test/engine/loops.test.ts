import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import { resume } from '../../src/engine/operate/operate.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate } from './simulate.ts'

const plenty = [{ count: 1_000, windowMs: 86_400_000 }]
const limits: Playbook['limits'] = { ...somePlaybook().limits, cooldownMs: 0, attempts: plenty }

/** So that nothing but the loop itself ends it. */
async function simulateFleet(names: readonly string[]): Promise<Simulation> {
  const patients = names.map((name) => ({ ...somePatient(name), ill: false }))
  const simulation = await simulate({ patients, playbook: { limits, reopenWithinMs: 0 } })
  const { config } = simulation.policy
  const more = { ...config.limits, targetActions: plenty, rate: plenty, loops: defaultLimits.loops }
  simulation.policy = { ...simulation.policy, config: { ...config, limits: more } }
  return simulation
}

async function fallIll(simulation: Simulation, name: string): Promise<void> {
  simulation.patients.get(name)!.ill = true
  await simulation.deliver(name, 'firing')
}

async function tend(simulation: Simulation, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 2_000) {
    await simulation.settle()
    for (const patient of simulation.patients.values()) {
      if (!patient.ill) await simulation.deliver(patient.name, 'resolved')
    }
    simulation.pass(2_000)
  }
}

const restarts = ({ patients }: Simulation) => [...patients.values()].map((patient) => patient.restarts.length)

/** Why people were called. */
function messages(simulation: Simulation): readonly string[] {
  const calls = simulation.messages().filter(({ body }) => body.event === 'incident.handed_over')
  return calls.map(({ body }) => String(body.reason))
}

/** Each restart of one makes the next one ill. */
async function goRound(simulation: Simulation, names: readonly string[], turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await fallIll(simulation, names[turn % names.length] as string)
    await tend(simulation, 30_000)
  }
}

describe('effects that make each other necessary', () => {
  test('are a loop after two rounds: it is named with its chain, and a person told once', async () => {
    const simulation = await simulateFleet(['a', 'b'])
    await goRound(simulation, ['a', 'b'], 20)
    expect(restarts(simulation)).toEqual([2, 2])
    const told = messages(simulation)
    expect(told).toEqual([
      'loop: restart on container/local/a → restart on container/local/b → restart on container/local/a, 2 times in 1h',
    ])
    const [waiting] = await simulation.store.read.audit({ types: ['incident.waiting'], limit: 1 })
    const places = ['a', 'b', 'a', 'b'].map((name) => expect.objectContaining({ target: `container/local/${name}` }))
    expect(waiting?.body).toMatchObject({ gate: 'cascade', facts: { chain: places } })
  })

  test('are a loop with three members, too, and a bystander is healed meanwhile', async () => {
    const simulation = await simulateFleet(['a', 'b', 'c', 'other'])
    await goRound(simulation, ['a', 'b', 'c'], 9)
    await fallIll(simulation, 'other')
    await tend(simulation, 30_000)
    expect(restarts(simulation)).toEqual([2, 2, 2, 1])
    expect(messages(simulation)).toHaveLength(1)
  })

  test('begin again when a person resumes one of them', async () => {
    const simulation = await simulateFleet(['a', 'b'])
    await goRound(simulation, ['a', 'b'], 4)
    await fallIll(simulation, 'a')
    await tend(simulation, 4_000)
    const [incident] = await simulation.store.read.incidents({ limit: 1 })
    expect(incident).toMatchObject({ state: 'handed_over', reason: expect.stringContaining('loop') })
    await resume(incident!.id, 'ada', 'the loop is broken', simulation.ports)
    await untilAtRest(simulation)
    await goRound(simulation, ['b'], 1)
    expect(restarts(simulation)).toEqual([3, 3])
  })
})

describe('failures that have nothing to do with each other', () => {
  const names = Array.from({ length: 12 }, (_, index) => `n${index}`)

  test('are all healed when they come at once', async () => {
    const simulation = await simulateFleet(names)
    for (const name of names) await fallIll(simulation, name)
    await tend(simulation, 60_000)
    expect(restarts(simulation)).toEqual(names.map(() => 1))
    expect(messages(simulation)).toEqual([])
  })

  test('are all healed when each comes while another is treated, and comes once more later', async () => {
    const simulation = await simulateFleet(names)
    for (let round = 0; round < 2; round += 1) {
      for (const name of names) {
        await fallIll(simulation, name)
        await tend(simulation, 2_000)
      }
    }
    await tend(simulation, 60_000)
    expect(restarts(simulation)).toEqual(names.map(() => 2))
    expect(messages(simulation)).toEqual([])
  })
})

test('the defaults name a loop after two rounds in an hour', () => {
  expect(defaultLimits).toMatchObject({ loops: { count: 2, windowMs: 3_600_000 }, aftermathMs: 300_000 })
})
