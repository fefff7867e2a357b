import { expect, test } from 'vitest'
import { createLifecycle } from '../../src/app/lifecycle.ts'
import { silentLog } from '../http/fake-parts.ts'

function world() {
  const steps: string[] = []
  const gates = { recover: Promise.withResolvers<void>(), stop: Promise.withResolvers<void>() }
  const store = { broken: false }
  const lifecycle = createLifecycle({
    clock: { now: () => 0 },
    log: silentLog,
    version: '1',
    store: {
      health: () => ({ ok: true, reason: null }),
      transaction: async (label) => {
        if (store.broken) throw new Error('disk full')
        steps.push(label)
        return undefined as never
      },
    },
    engine: {
      recover: async () => {
        steps.push('recover')
        await gates.recover.promise
      },
      preview: async () => ({ active: 0, willMatch: 0, willOpen: 0 }),
      adopt: async () => void steps.push('adopt'),
      start: () => void steps.push('start'),
      stop: async () => {
        steps.push('stop')
        await gates.stop.promise
      },
    },
  })
  return { lifecycle, steps, gates, store }
}

const policy = { revision: 'p' } as never

test('nothing is ready before survivors are ended and the rules are in force', async () => {
  const { lifecycle, steps, gates } = world()
  const begun = lifecycle.begin(policy)
  await new Promise((resolve) => setImmediate(resolve))
  expect(lifecycle.health.phase()).toBe('starting')
  expect(steps).toEqual(['engine.started', 'recover'])
  gates.recover.resolve()
  await begun
  expect(lifecycle.health.phase()).toBe('running')
  expect(steps).toEqual(['engine.started', 'recover', 'adopt', 'start'])
})

test('a recovery that fails never becomes ready', async () => {
  const { lifecycle, gates } = world()
  gates.recover.reject(new Error('cannot end a survivor'))
  await expect(lifecycle.begin(policy)).rejects.toThrow('survivor')
  expect(lifecycle.health.phase()).toBe('starting')
})

test('a stop is not ready from its first moment, and goes on when it cannot be recorded', async () => {
  const { lifecycle, steps, gates, store } = world()
  gates.recover.resolve()
  await lifecycle.begin(policy)
  store.broken = true
  const ended = lifecycle.end()
  expect(lifecycle.health.phase()).toBe('stopping')
  gates.stop.resolve()
  await ended
  expect(steps.at(-1)).toBe('stop')
})
