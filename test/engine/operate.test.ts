import { describe, expect, test } from 'vitest'
import { cancel, heal, resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { simulate, someRunner, theIncident, typesOf } from './simulate.ts'

describe('cancelling', () => {
  test('ends an incident that has no effect under way, on a person’s word', async () => {
    const simulation = await simulate()
    await simulation.deliver('web', 'firing')
    const { id } = await theIncident(simulation)
    expect(await cancel(id, 'ada', 'mine', simulation.ports)).toMatchObject({ state: 'closed', ending: 'cancelled' })
    await expect(cancel(id, 'bob', 'mine', simulation.ports)).rejects.toMatchObject({ code: 'conflict' })
    await expect(cancel('nobody', 'bob', '', simulation.ports)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('while an effect runs lets it finish, and starts nothing after it', async () => {
    const held = Promise.withResolvers<{ kind: 'failed'; reason: string }>()
    const notes: string[] = []
    const simulation = await simulate({ actions: { reserve: async () => someRunner(notes, () => held.promise) } })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    const { id } = await theIncident(simulation)
    expect(await cancel(id, 'ada', 'mine', simulation.ports)).toMatchObject({ state: 'acting' })
    held.resolve({ kind: 'failed', reason: 'no' })
    await expect.poll(async () => (await theIncident(simulation)).state).toBe('open')
    await simulation.settle()
    expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'cancelled' })
    expect(notes).toEqual(['run'])
  })
})

describe('resuming', () => {
  test('gives a handed-over incident back to its ladder, and nothing else', async () => {
    const simulation = await simulate({ playbook: { steps: [{ kind: 'escalate', channel: 'oncall' }] } })
    await simulation.deliver('web', 'firing')
    const { id } = await theIncident(simulation)
    await expect(resume(id, 'ada', '', simulation.ports)).rejects.toMatchObject({ code: 'conflict' })
    await simulation.settle()
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    const resumed = await resume(id, 'ada', 'try again', simulation.ports)
    expect(resumed).toMatchObject({ state: 'open', step: 0, dueAt: simulation.now() })
    expect(await typesOf(simulation)).toContain('incident.resumed')
  })
})

describe('a manual heal', () => {
  const request = { action: 'container-restart', target: 'container/local/web', with: {}, reason: 'why', by: 'ada' }

  test('opens one incident for a target, credited to a person', async () => {
    const simulation = await simulate()
    const incident = await heal(request, simulation.ports)
    expect(incident).toMatchObject({ playbook: 'manual', human: true, manual: { by: 'ada' } })
    await expect(heal(request, simulation.ports)).rejects.toMatchObject({ code: 'conflict' })
  })

  test.each([
    ['an action that is not loaded', { action: 'format-disk' }],
    ['a target that is none', { target: 'container/web' }],
    ['a target of another kind', { target: 'redis/cache' }],
  ])('is refused for %s', async (_, change) => {
    const simulation = await simulate()
    await expect(heal({ ...request, ...change }, simulation.ports)).rejects.toMatchObject({ code: 'invalid' })
  })
})

test('the stop switch is an event, and lifting it makes what waited look again', async () => {
  const simulation = await simulate()
  await setPause({ reason: 'drill', until: null }, 'ada', simulation.ports)
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  expect((await theIncident(simulation)).waiting?.gate).toBe('stop_switch')
  simulation.pass(1_000)
  await setPause(null, 'ada', simulation.ports)
  await simulation.wake()
  expect((await theIncident(simulation)).dueAt).toBe(simulation.now())
  const types = await typesOf(simulation)
  expect(types.filter((type) => type.startsWith('pause.'))).toEqual(['pause.set', 'pause.cleared'])
  await simulation.settle()
  expect(await theIncident(simulation)).toMatchObject({ attempts: 1 })
})

test('the stop switch of somebody is not made shorter by somebody else, and his own he may change', async () => {
  const simulation = await simulate()
  const { ports, now } = simulation
  const set = (by: string, until: number | null) => setPause({ reason: 'drill', until }, by, ports)
  await set('ada', now() + 60_000)
  await set('bob', null)
  await expect(set('ada', now() + 60_000)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/until it is lifted, by bob: drill; lift it first/),
  })
  expect(await simulation.store.read.pause()).toMatchObject({ by: 'bob', until: null })
  await set('bob', now() + 30_000)
  await expect(set('ada', now() + 20_000)).rejects.toMatchObject({ code: 'conflict' })
  simulation.pass(30_000)
  expect(await set('ada', now() + 1_000)).toMatchObject({ by: 'ada' })
})
