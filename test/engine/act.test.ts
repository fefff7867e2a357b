import { describe, expect, test } from 'vitest'
import { recordResult } from '../../src/engine/act/act.ts'
import { HeparError } from '../../src/engine/errors.ts'
import type { EffectResult } from '../../src/engine/ports.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate, someRunner, theIncident, typesOf } from './simulate.ts'

const done: EffectResult = { kind: 'done', report: {} }

/** An attempt whose effect ends when the test says so. */
async function acting() {
  const effect = Promise.withResolvers<EffectResult>()
  const notes: string[] = []
  const simulation = await simulate({ actions: { reserve: async () => someRunner(notes, () => effect.promise) } })
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  return { simulation, effect, notes, attempt: await theAttempt(simulation) }
}

async function theAttempt(simulation: Simulation) {
  const [attempt] = await simulation.store.read.attemptsOf((await theIncident(simulation)).id)
  if (attempt === undefined) throw new Error('no attempt')
  return attempt
}

function record({ store, ports }: Simulation, attempt: { id: string; fence: number }, result: EffectResult) {
  return store.transaction('test', (tx) => recordResult(tx, attempt, result, ports))
}

describe('a result', () => {
  test('of an older start changes nothing', async () => {
    const { simulation, attempt } = await acting()
    await record(simulation, { ...attempt, fence: attempt.fence - 1 }, done)
    expect(await theAttempt(simulation)).toEqual(attempt)
    expect(await typesOf(simulation)).not.toContain('attempt.effect_ended')
  })

  test('for an attempt that has moved on changes nothing', async () => {
    const { simulation, attempt } = await acting()
    await record(simulation, attempt, { kind: 'unknown', reason: 'nobody saw it' })
    const before = await theAttempt(simulation)
    expect(before).toMatchObject({ phase: 'verifying', effect: 'unknown' })
    await record(simulation, attempt, done)
    expect(await theAttempt(simulation)).toEqual(before)
  })

  test('of an effect that is done leads to verification, for as long as the playbook says', async () => {
    const { simulation, attempt } = await acting()
    await record(simulation, attempt, done)
    const verifyUntil = simulation.now() + 120_000
    expect(await theAttempt(simulation)).toMatchObject({ phase: 'verifying', effect: 'done', verifyUntil })
    expect(await theIncident(simulation)).toMatchObject({ state: 'verifying', dueAt: simulation.now() })
  })

  test('of an effect that failed ends the attempt as failed', async () => {
    const { simulation, attempt } = await acting()
    await record(simulation, attempt, { kind: 'failed', reason: 'no' })
    expect(await theAttempt(simulation)).toMatchObject({ phase: 'concluded', outcome: 'failed', effectDetail: 'no' })
  })

  test('of an effect that never began ends the attempt as cancelled, and the step is still to be tried', async () => {
    const { simulation, attempt } = await acting()
    await record(simulation, attempt, { kind: 'not_started', reason: 'too late' })
    expect(await theAttempt(simulation)).toMatchObject({ phase: 'concluded', outcome: 'cancelled' })
    expect(await theIncident(simulation)).toMatchObject({ state: 'open', step: 0, touched: false })
  })
})

test('a result is kept and written once the store takes it', async () => {
  const { simulation, effect } = await acting()
  let refusals = 2
  const { ports, store } = simulation
  const transaction = store.transaction
  Object.assign(ports.store, {
    transaction: async (label: string, work: never) => {
      if (label !== 'result' || refusals === 0) return transaction(label, work)
      refusals -= 1
      throw new HeparError('store_unavailable', 'the disk is full')
    },
  })
  effect.resolve(done)
  await expect.poll(async () => (await theAttempt(simulation)).phase, { timeout: 10_000 }).toBe('verifying')
  expect(refusals).toBe(0)
})

test('a plugin that was unloaded since the intent is not started, and its runner is given back', async () => {
  const { simulation, attempt } = await acting()
  const notes: string[] = []
  simulation.policy = { ...simulation.policy, actions: [] }
  simulation.ports.effects.start(attempt, someRunner(notes))
  await expect.poll(async () => (await theAttempt(simulation)).outcome).toBe('cancelled')
  expect(notes).toEqual(['discarded'])
})

test('stopping waits for running effects, and ends them when their grace is over', async () => {
  const aborted = Promise.withResolvers<EffectResult>()
  const simulation = await simulate({
    actions: {
      reserve: async () => ({
        ...someRunner([]),
        run: ({ signal }) => {
          signal.addEventListener('abort', () => aborted.resolve({ kind: 'unknown', reason: 'Hepar stopped it' }))
          return aborted.promise
        },
      }),
    },
  })
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  const { effects } = simulation.ports
  effects.stop(20)
  await effects.settle()
  expect(await theAttempt(simulation)).toMatchObject({ phase: 'verifying', effect: 'unknown' })
})
