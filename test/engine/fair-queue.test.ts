import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createMemoryQueue } from '../../src/adapters/queue/memory.ts'
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts'
import { createNewId } from '../../src/adapters/store/uuid.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Actions } from '../../src/engine/ports.ts'
import { rankOf } from '../../src/engine/priority.ts'
import { silentLog } from '../http/fake-parts.ts'
import { playedActions, playedProbe, playedSources, somePatient } from '../kit/played-world.ts'
import { patientAlert, simulatedPolicy, someDelivery } from '../kit/simulation.ts'

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
          await new Promise((resolve) => setTimeout(resolve, effectMs(effect.plan.target)))
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
    probeHttp: playedProbe(world as never),
    deliver: async () => ({ ok: true }),
    queue,
    log: silentLog,
    checkpoint: () => {},
  })
  engine.start()
  onTestFinished(async () => {
    await engine.stop()
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

const manyPerTime = [{ count: 1_000_000, windowMs: 60_000 }]

test('five thousand queued incidents of one playbook hold an important one up by two seconds at most', async () => {
  const base = simulatedPolicy()
  const [playbook] = base.playbooks as [Playbook]
  const playbooks = [
    { ...playbook, ...of('Critical', 'critical', 100) },
    { ...playbook, ...of('Ill', 'crowd', 0) },
  ]
  const config = { ...base.config, limits: { ...base.config.limits, rate: manyPerTime } }
  const many = Array.from({ length: crowd }, (_, index) => `c${index}`)
  const important = ['i0', 'i1', 'i2', 'i3']
  const policy = { ...base, playbooks, config }
  const { engine, begun, state, store } = await startHospital(policy, [...many, ...important], (target) =>
    target.startsWith('container/local/c') ? 5_000 : 200,
  )
  const lag = monitorEventLoopDelay({ resolution: 5 })
  await engine.receive(someDelivery(many.map((name) => patientAlert(name, { startsAt: Date.now() }))), 'webhook')
  lag.enable()
  await vi.waitFor(() => expect(state.running).toBe(3), { timeout: 10_000, interval: 5 })
  const waits: number[] = []
  for (const name of important) {
    const labels = { alertname: 'Critical', host: 'local', name }
    const before = Date.now()
    await engine.receive(someDelivery([patientAlert(name, { labels, startsAt: Date.now() })]), 'webhook')
    const acceptedAt = Date.now()
    await vi.waitFor(() => expect(begun.has(name)).toBe(true), { timeout: 10_000, interval: 5 })
    waits.push((begun.get(name) as number) - acceptedAt)
    console.log(
      name,
      acceptedAt - before,
      begun.get(name)! - acceptedAt,
      begun.size,
      (await store.read.incidents({ limit: 10, states: ['waiting', 'open'] })).length,
    )
    await new Promise((r) => setTimeout(r, 500))
  }
  lag.disable()
  console.log({ waits, p99: lag.percentile(99) / 1e6, max: lag.max / 1e6, most: state.most, begun: begun.size })
}, 60_000)
