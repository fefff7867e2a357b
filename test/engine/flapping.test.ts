import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import { resume } from '../../src/engine/operate/operate.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate, typesOf } from './simulate.ts'

const hour = 3_600_000
const free: Playbook['limits'] = {
  ...somePlaybook().limits,
  cooldownMs: 0,
  attempts: [{ count: 1_000, windowMs: 24 * hour }],
}

/** The bound on one target as it is by default. */
const config = { limits: { ...defaultLimits, rate: [] } }

/** Falls ill, has half of the time to heal, and is well for the other half. */
async function relapse(simulation: Simulation, everyMs: number, times: number): Promise<void> {
  const web = simulation.patients.get('web')!
  for (let round = 0; round < times; round += 1) {
    web.ill = true
    await simulation.deliver('web', 'firing')
    for (let step = 0; step < 10; step += 1) {
      await simulation.settle()
      simulation.pass(everyMs / 20)
    }
    web.ill = false
    await simulation.deliver('web', 'resolved')
    for (let step = 0; step < 5; step += 1) {
      await simulation.settle()
      simulation.pass(everyMs / 10)
    }
  }
}

/** Why people were called. */
function messages(simulation: Simulation): readonly string[] {
  const calls = simulation.messages().filter(({ body }) => body.event === 'incident.handed_over')
  return calls.map(({ body }) => String(body.reason))
}

const eventsOf = async ({ store }: Simulation, type: 'incident.handed_over' | 'incident.left_alone') =>
  store.read.audit({ types: [type], limit: 10_000 })

describe('a target that flaps', () => {
  test('with a heal that holds just long enough each time is left alone after some, and a person told once', async () => {
    const simulation = await simulate({ playbook: { limits: free, reopenWithinMs: 0 }, config })
    await relapse(simulation, 200_000, 30)
    const web = simulation.patients.get('web')!
    expect(web.restarts).toHaveLength(4)
    expect(messages(simulation)).toEqual(['flapping: 4 actions in 1h on this target, and it is ill again'])
    expect(await eventsOf(simulation, 'incident.handed_over')).toHaveLength(1)
    const quiet = await eventsOf(simulation, 'incident.left_alone')
    expect(quiet).toHaveLength(25)
    expect(quiet.every(({ body }) => String(body?.reason).startsWith('flapping:'))).toBe(true)
  })

  test('every twenty seconds, with a ladder that is used up, is told of once', async () => {
    const simulation = await simulate({ config })
    await relapse(simulation, 20_000, 50)
    expect(simulation.patients.get('web')!.restarts).toHaveLength(1)
    expect(messages(simulation)).toHaveLength(1)
    expect(await eventsOf(simulation, 'incident.handed_over')).toHaveLength(1)
    const [quiet] = await eventsOf(simulation, 'incident.left_alone')
    expect(String(quiet?.body?.reason)).toMatch(
      /^flapping: ill again after it was handed over \S+ ago \(the ladder says so\)/,
    )
  })

  test('by several playbooks together is one target', async () => {
    const simulation = await simulate({ playbook: { limits: free, reopenWithinMs: 0 }, config })
    const [first] = simulation.policy.playbooks as [Playbook]
    simulation.policy = {
      ...simulation.policy,
      playbooks: [
        { ...first, continue: true },
        { ...first, name: 'second' },
      ],
    }
    await relapse(simulation, 200_000, 12)
    expect(simulation.patients.get('web')!.restarts).toHaveLength(4)
    expect(messages(simulation)).toHaveLength(1)
  })

  test('is treated again once it has been well for the window, and then told of anew', async () => {
    const simulation = await simulate({ playbook: { limits: free, reopenWithinMs: 0 }, config })
    await relapse(simulation, 300_000, 10)
    expect(simulation.patients.get('web')!.restarts).toHaveLength(4)
    simulation.pass(hour + 1)
    await relapse(simulation, 300_000, 10)
    expect(simulation.patients.get('web')!.restarts).toHaveLength(8)
    expect(messages(simulation)).toHaveLength(2)
  })

  test('is treated again when a person resumes it, through a crash too', async () => {
    const simulation = await simulate({ playbook: { limits: free, reopenWithinMs: 0 }, config })
    await relapse(simulation, 300_000, 5)
    const web = simulation.patients.get('web')!
    web.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    await simulation.restart()
    const [incident] = await simulation.store.read.incidents({ limit: 1 })
    expect(incident).toMatchObject({ state: 'handed_over', reason: expect.stringContaining('flapping') })
    await resume(incident!.id, 'ada', 'the disk is new', simulation.ports)
    await untilAtRest(simulation)
    expect(web.restarts).toHaveLength(5)
    const [resumed] = await simulation.store.read.audit({ types: ['incident.resumed'], limit: 1 })
    expect(resumed?.body).toMatchObject({ takenUp: ['container/local/web'] })
  })

  test('that is only observed pages nobody', async () => {
    const simulation = await simulate({ playbook: { limits: free, reopenWithinMs: 0 }, config })
    await relapse(simulation, 300_000, 4)
    const [first] = simulation.policy.playbooks as [Playbook]
    simulation.policy = { ...simulation.policy, revision: 'r2', playbooks: [{ ...first, mode: 'observe' }] }
    await relapse(simulation, 300_000, 4)
    expect(messages(simulation)).toEqual([])
    expect(await typesOf(simulation)).not.toContain('incident.handed_over')
  })
})

test('a relapse that lasts is told of again, since the person was told that it had ended', async () => {
  const simulation = await simulate({ patients: [somePatient('web', false)], config })
  const web = simulation.patients.get('web')!
  const pass = async (ms: number) => {
    for (let step = 0; step < 30; step += 1) {
      await simulation.settle()
      simulation.pass(Math.round(ms / 30))
    }
  }
  await simulation.deliver('web', 'firing')
  await pass(300_000)
  web.ill = false
  await simulation.deliver('web', 'resolved')
  await pass(300_000)
  const events = () => simulation.messages().map(({ body }) => body.event)
  expect(events()).toEqual(['incident.handed_over', 'incident.closed'])
  web.ill = true
  await simulation.deliver('web', 'firing')
  await pass(500_000)
  expect(events()).toHaveLength(2)
  await pass(5 * hour)
  expect(events()).toEqual(['incident.handed_over', 'incident.closed', 'incident.handed_over'])
  expect(messages(simulation)[1]).toMatch(/^ill for more than 10m again: flapping: /)
  web.ill = false
  await simulation.deliver('web', 'resolved')
  await pass(300_000)
  expect(events().at(-1)).toBe('incident.closed')
  expect(events()).toHaveLength(4)
})

test('the defaults leave a target alone after four actions in an hour or ten in a day', () => {
  expect(defaultLimits.targetActions).toEqual([
    { count: 4, windowMs: hour },
    { count: 10, windowMs: 24 * hour },
  ])
})

test('what a person was told of is told again once something was done about it, or after a day', async () => {
  const simulation = await simulate({ patients: [somePatient('web', false)], config })
  const web = simulation.patients.get('web')!
  await simulation.deliver('web', 'firing')
  await untilAtRest(simulation)
  expect(messages(simulation)).toHaveLength(1)
  const [incident] = await simulation.store.read.incidents({ limit: 1 })
  simulation.pass(hour)
  await resume(incident!.id, 'ada', 'try again', simulation.ports)
  await untilAtRest(simulation)
  expect(web.restarts).toHaveLength(2)
  expect(messages(simulation)).toHaveLength(2)
})
