import { expect, test } from 'vitest'
import { advance } from '../../src/engine/advance.ts'
import { recover } from '../../src/engine/recover/recover.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

async function killed(checkpoint: 'before' | 'after', notes: string[] = []) {
  const simulation = await simulate({
    actions: {
      async endSurvivors({ marker }) {
        const [attempt] = await simulation.store.read.activeAttempts()
        notes.push(`${attempt?.runner.marker === marker ? 'its own' : 'another'} runner, ${attempt?.phase}`)
        return [{ pid: 77, command: 'sleep' }]
      },
    },
  })
  await simulation.deliver('web', 'firing')
  // Around the commit of the intent stand two checkpoints, then one before the runner works; the next two are its own.
  simulation.crashAfter(checkpoint === 'before' ? 3 : 4)
  await simulation.settle()
  expect(simulation.dead).toBe(true)
  return simulation
}

test.each(['before', 'after'] as const)(
  'an effect cut %s it happened is unknown, and is never started again',
  async (when) => {
    const simulation = await killed(when)
    const { restarts } = simulation.patients.get('web') ?? { restarts: [] }
    const began = when === 'before' ? 0 : 1
    expect(restarts).toHaveLength(began)
    await simulation.restart()
    const incident = await theIncident(simulation)
    const [attempt] = await simulation.store.read.attemptsOf(incident.id)
    expect(attempt).toMatchObject({ phase: 'verifying', effect: 'unknown' })
    for (let round = 0; round < 100; round += 1) {
      await simulation.settle()
      simulation.pass(3_000)
    }
    expect(restarts).toHaveLength(began)
    const outcomes = (await simulation.store.read.attemptsOf(incident.id)).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['unknown'])
  },
)

test('survivors of the runner are ended before its attempt leaves the target to anybody else, and each is an event', async () => {
  const notes: string[] = []
  const simulation = await killed('after', notes)
  await simulation.restart()
  expect(notes).toEqual(['its own runner, acting'])
  const types = await typesOf(simulation)
  expect(types.indexOf('runner.survivor_ended')).toBeLessThan(types.indexOf('attempt.effect_ended'))
  expect(types).toContain('runner.survivor_ended')
})

test('a survivor that cannot be ended stops the recovery: its target must not be touched', async () => {
  const simulation = await killed('after')
  const stuck = { ...simulation.ports.actions, endSurvivors: () => Promise.reject(new Error('ignores SIGKILL')) }
  await simulation.restart()
  await expect(recover({ ...simulation.ports, actions: stuck }).then(() => theIncident(simulation))).rejects.toThrow(
    'ignores SIGKILL',
  )
})

test('an attempt that nobody runs is declared unknown by the next look, too', async () => {
  const simulation = await killed('after')
  await simulation.restart()
  const { id } = await theIncident(simulation)
  await advance(id, simulation.ports)
  expect((await simulation.store.read.attemptsOf(id))[0]).toMatchObject({ effect: 'unknown' })
})
