import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createMemoryQueue } from '../../src/adapters/queue/memory.ts'
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts'
import { createNewId } from '../../src/adapters/store/uuid.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { rankOf } from '../../src/engine/match/priority.ts'
import type { Actions } from '../../src/engine/ports.ts'
import { silentLog } from '../http/fake-parts.ts'
import { playedActions, playedProbe, playedSources, somePatient } from '../kit/played-world.ts'
import { patientAlert, simulatedPolicy, someDelivery } from '../kit/simulation.ts'
import { watchTurns } from '../kit/watch-turns.ts'

const crowd = 5_000

/** A whole engine on a real store and a real queue, by the real clock; only the targets and their effects are played. */
async function startHospital(policy: Policy, names: readonly string[], effectMs: (target: string) => number) {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-crowd-'))
  const clock = { now: () => Date.now() }
  const newId = createNewId()
  const world = {
    get now() {
      return Date.now()
    },
    patients: new Map(names.map((name) => [name, somePatient(name)])),
  }
  const store = await openSqliteStore({
    file: join(folder, 'hepar.db'),
    keyFile: join(folder, 'audit.key'),
    clock,
    log: silentLog,
  })
  const begun = new Map<string, number>()
  const state = { running: 0, most: 0 }
  const over = Promise.withResolvers<void>()
  const played = playedActions(world as never, () => {}, newId)
  const actions: Actions = {
    ...played,
    reserve: async (action) => {
      const runner = await played.reserve(action)
      return {
        ...runner,
        async run(effect) {
          begun.set(effect.plan.target.split('/')[2] as string, Date.now())
          state.running += 1
          state.most = Math.max(state.most, state.running)
          const timer = Promise.withResolvers<void>()
          setTimeout(timer.resolve, effectMs(effect.plan.target)).unref()
          await Promise.race([timer.promise, over.promise])
          state.running -= 1
          return runner.run(effect)
        },
      }
    },
  }
  const queue = createMemoryQueue({
    read: store.read,
    rankOf: (playbook) => rankOf(playbook, policy),
    clock,
    log: silentLog,
  })
  const engine = createEngine({
    store,
    clock,
    newId,
    policy: { current: () => policy },
    sources: playedSources(world as never),
    silencers: () => [],
    actions,
    askPolicy: async () => ({ decision: 'deny', reason: 'not played' }),
    probeHttp: playedProbe(world as never),
    deliver: async () => ({ ok: true }),
    queue,
    log: silentLog,
    checkpoint: () => {},
  })
  engine.start()
  onTestFinished(async () => {
    const stopping = engine.stop()
    over.resolve()
    await stopping
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { engine, store, begun, state }
}

function of(alertname: string, name: string, priority: number): Partial<Playbook> {
  return {
    name,
    priority,
    when: { all: [{ fact: 'labels', path: '$.alertname', operator: 'equal', value: alertname }] },
  }
}

/** A crowd of 5,000 falls ill at once; then, one after another, the important ones. Resolves to how long each of those waited, in milliseconds. */
async function waitsInACrowd(limits: Partial<Policy['config']['limits']>, important: readonly string[]) {
  const base = simulatedPolicy()
  const [playbook] = base.playbooks as [Playbook]
  const playbooks = [
    { ...playbook, ...of('Critical', 'critical', 100) },
    { ...playbook, ...of('Ill', 'crowd', 0) },
  ]
  const policy = { ...base, playbooks, config: { ...base.config, limits: { ...base.config.limits, ...limits } } }
  const many = Array.from({ length: crowd }, (_, index) => `c${index}`)
  const effectMs = (target: string) => (target.startsWith('container/local/c') ? 60_000 : 100)
  const { engine, begun, state } = await startHospital(policy, [...many, ...important], effectMs)
  await engine.receive(someDelivery(many.map((name) => patientAlert(name, { startsAt: Date.now() }))), 'webhook')
  const turns = watchTurns()
  const waits: number[] = []
  for (const name of important) {
    // Each comes at another moment of the crowd's way through the queue.
    await new Promise((resolve) => setTimeout(resolve, 600))
    const labels = { alertname: 'Critical', host: 'local', name }
    await engine.receive(someDelivery([patientAlert(name, { labels, startsAt: Date.now() })]), 'webhook')
    const acceptedAt = Date.now()
    await vi.waitFor(() => expect(begun.has(name)).toBe(true), { timeout: 10_000, interval: 5 })
    waits.push((begun.get(name) as number) - acceptedAt)
  }
  const lesser = [...begun.keys()].filter((name) => name.startsWith('c')).length
  const worked = turns.stop()
  return { waits, lagMs: worked[Math.floor(worked.length * 0.99)], lesser, most: state.most }
}

describe('five thousand queued incidents of one playbook', () => {
  test('hold an important one up by two seconds at most, though their own effects take long', async () => {
    const rate = [{ count: 1_000_000, windowMs: 60_000 }]
    const { waits, lagMs, lesser, most } = await waitsInACrowd({ rate }, ['i0', 'i1', 'i2', 'i3'])
    expect(Math.max(...waits)).toBeLessThan(2_000)
    expect(lagMs).toBeLessThan(100)
    expect({ lesser, most }).toEqual({ lesser: 3, most: 4 })
  }, 60_000)

  test('leave an important one its share of the rate', async () => {
    const rate = [{ count: 10, windowMs: 60_000 }]
    const { waits, lagMs, lesser } = await waitsInACrowd({ rate, effectsMax: 100 }, ['i0', 'i1'])
    expect(Math.max(...waits)).toBeLessThan(2_000)
    expect(lagMs).toBeLessThan(100)
    expect(lesser).toBe(8)
  }, 60_000)
})
