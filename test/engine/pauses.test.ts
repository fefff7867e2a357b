import { describe, expect, test } from 'vitest'
import type { MaintenanceWindow } from '../../src/domain/pause.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import { liftPause, placePause } from '../../src/engine/operate/scoped-pauses.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { rematch } from '../../src/engine/receive/rematch.ts'
import { startsPerSecondMax } from '../../src/engine/turns/pace.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { patientAlert, type Simulation, simulatedPolicy, someDelivery, startSimulation } from '../kit/simulation.ts'
import { watchTurns } from '../kit/watch-turns.ts'

const minute = 60_000
const drill = { playbook: null, target: null, reason: 'drill', from: null, until: null, maintenance: false }

function many(count: number, prefix = 'p') {
  return Array.from({ length: count }, (_, index) => somePatient(`${prefix}${index}`))
}

/** All of them fall ill at once, as one delivery tells. */
async function fallIll({ ports, now }: Simulation, names: readonly string[]): Promise<void> {
  await receive(someDelivery(names.map((name) => patientAlert(name, { startsAt: now() }))), 'webhook', ports)
}

async function stateOf({ store }: Simulation, name: string) {
  const [incident] = await store.read.incidents({ target: `container/local/${name}`, limit: 1 })
  return incident!
}

async function letPass(simulation: Simulation, ms: number, stepMs = 1_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    simulation.pass(Math.min(left, stepMs))
    await simulation.settle()
  }
}

function window(more: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  // The world of a simulation begins at 00:16:40.
  const times = { cron: '15 0 * * *', durationMs: 30 * minute, timeZone: 'UTC' }
  return { name: 'updates', playbook: null, target: null, reason: 'updates', ...times, ...more }
}

function withWindows(windows: readonly MaintenanceWindow[], more: Partial<Playbook> = {}) {
  const policy = simulatedPolicy(more)
  return { ...policy, config: { ...policy.config, maintenance: windows } }
}

describe('pauses', () => {
  test('of two people hold one by one, survive a restart, and each lifts his own', async () => {
    const simulation = await startSimulation(simulatedPolicy(), many(1))
    const ada = await placePause({ ...drill, target: 'container/*/p*' }, 'operator:ada', simulation.ports)
    const bob = await placePause({ ...drill, playbook: 'restart' }, 'operator:bob', simulation.ports)
    await fallIll(simulation, ['p0'])
    await simulation.settle()
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'waiting', waiting: { gate: 'pauses' } })
    await liftPause(ada.id, 'operator:bob', simulation.ports)
    await letPass(simulation, 3_000)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ attempts: 0, waiting: { gate: 'pauses' } })
    await simulation.restart()
    expect(await simulation.store.read.pauses()).toEqual([bob])
    await expect(liftPause(ada.id, 'operator:ada', simulation.ports)).rejects.toMatchObject({ code: 'not_found' })
    await liftPause(bob.id, 'operator:bob', simulation.ports)
    await letPass(simulation, 3_000)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ attempts: 1 })
    const events = await simulation.store.read.audit({ types: ['pause.placed', 'pause.lifted'], limit: 9 })
    expect(events.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
      'pause.placed operator:ada',
      'pause.placed operator:bob',
      'pause.lifted operator:bob',
      'pause.lifted operator:bob',
    ])
    await simulation.close()
  })

  test('that begin later or expire wake what they held at the right moment', async () => {
    const simulation = await startSimulation(simulatedPolicy(), many(1))
    const from = simulation.now() + 10_000
    await placePause({ ...drill, from, until: from + 30_000 }, 'operator:ada', simulation.ports)
    simulation.pass(10_000)
    await fallIll(simulation, ['p0'])
    await simulation.settle()
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'waiting', dueAt: from + 30_000 })
    simulation.pass(30_000)
    await simulation.settle()
    expect(simulation.patients.get('p0')?.restarts).toHaveLength(1)
    await simulation.close()
  })

  test('hold on when the clock is set back', async () => {
    const simulation = await startSimulation(simulatedPolicy(), many(1))
    await placePause({ ...drill, until: simulation.now() + 60 * minute }, 'operator:ada', simulation.ports)
    simulation.pass(-10 * minute)
    await fallIll(simulation, ['p0'])
    await letPass(simulation, 3_000)
    expect(simulation.patients.get('p0')?.restarts).toHaveLength(0)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ waiting: { gate: 'pauses' } })
    await simulation.close()
  })

  test('are bounded in number, and one that cannot be meant is refused', async () => {
    const simulation = await startSimulation(simulatedPolicy(), [])
    const place = (more: object) => placePause({ ...drill, ...more }, 'operator:ada', simulation.ports)
    await expect(place({ playbook: 'restrat' })).rejects.toThrow('did you mean "restart"')
    await expect(place({ until: simulation.now() })).rejects.toMatchObject({ code: 'invalid' })
    for (let index = 0; index < 99; index += 1) await place({})
    const last = await place({ until: simulation.now() + 1_000 })
    await expect(place({})).rejects.toMatchObject({ code: 'conflict' })
    simulation.pass(1_000)
    await place({})
    expect((await simulation.store.read.pauses()).some(({ id }) => id === last.id)).toBe(false)
    await simulation.close()
  })
})

type Hold = (simulation: Simulation) => Promise<() => Promise<unknown>>

/** What holds everything back, and how it ends by somebody's hand. */
const holds: Readonly<Record<string, Hold>> = {
  async 'lifted by hand'({ ports }) {
    const { id } = await placePause(drill, 'ada', ports)
    return () => liftPause(id, 'ada', ports)
  },
  async 'the stop switch lifted'({ ports }) {
    await setPause({ reason: 'drill', until: null }, 'ada', ports)
    return () => setPause(null, 'ada', ports)
  },
  async 'the stop switch set anew, for a moment'({ ports, now }) {
    await setPause({ reason: 'drill', until: now() + 60 * minute }, 'ada', ports)
    return () => setPause({ reason: 'drill', until: now() + 1 }, 'ada', ports)
  },
  async 'a window taken out of the configuration'(simulation) {
    const { policy } = simulation
    const withMaintenance = (maintenance: readonly MaintenanceWindow[], revision: string) => {
      simulation.policy = { ...policy, revision, config: { ...policy.config, maintenance } }
    }
    withMaintenance([window()], 'r2')
    return async () => {
      withMaintenance([], 'r3')
      await rematch(null, 'ada', simulation.ports)
    }
  },
}

const endsByItself: Hold = async ({ ports, now }) => {
  await placePause({ ...drill, until: now() + 30_000 }, 'ada', ports)
  return async () => {}
}

describe('after a pause', () => {
  test('what waited is looked at anew: what recovered or was silenced meanwhile is left alone', async () => {
    const silenced = new Set(['p1'])
    const simulation = await startSimulation(simulatedPolicy(), many(3), {
      sources: {
        ask: async ({ labels }) => ({
          kind: 'answered',
          firing: labels.name !== 'p0',
          silencedBy: silenced.has(labels.name ?? '') ? ['s1'] : [],
          healingSilences: [],
          inhibitedBy: [],
          rule: null,
          detail: 'played',
        }),
      },
    })
    const pause = await placePause(drill, 'operator:ada', simulation.ports)
    await fallIll(simulation, ['p0', 'p1', 'p2'])
    await simulation.settle()
    simulation.pass(5_000)
    await liftPause(pause.id, 'operator:ada', simulation.ports)
    await letPass(simulation, 5_000)
    const restarts = ['p0', 'p1', 'p2'].map((name) => simulation.patients.get(name)?.restarts.length)
    expect(restarts).toEqual([0, 0, 1])
    expect(await stateOf(simulation, 'p1')).toMatchObject({ waiting: { gate: 'freshness' } })
    await simulation.close()
  })

  test.each([...Object.keys(holds), 'over by the clock'])(
    'what waited starts one after another, the most urgent first, and never in a burst: %s',
    async (how) => {
      const policy = simulatedPolicy()
      const urgent = { all: [{ fact: 'labels', path: '$.name', operator: 'glob', value: 'urgent*' }] }
      const [calm] = policy.playbooks
      const playbooks = [{ ...calm!, name: 'urgent', priority: 9, when: urgent }, calm!]
      const config = { ...policy.config, limits: { ...policy.config.limits, effectsMax: 1_000, rate: [] } }
      const simulation = await startSimulation({ ...policy, playbooks, config }, [...many(40), ...many(3, 'urgent')])
      const lift = await (holds[how] ?? endsByItself)(simulation)
      await fallIll(simulation, [...simulation.patients.keys()])
      await simulation.settle()
      simulation.pass(30_000)
      const begun = simulation.now()
      await lift()
      await letPass(simulation, 20_000, 100)
      const starts = [...simulation.patients.values()].flatMap(({ name, restarts }) =>
        restarts.map(({ at }) => ({ name, at: at - begun })),
      )
      expect(starts).toHaveLength(43)
      for (const { at } of starts) {
        const second = starts.filter((other) => other.at >= at && other.at < at + 1_000)
        expect(second.length).toBeLessThanOrEqual(startsPerSecondMax)
      }
      const urgents = starts.filter(({ name }) => name.startsWith('urgent'))
      expect(Math.max(...urgents.map(({ at }) => at))).toBeLessThanOrEqual(2_000)
      await simulation.close()
    },
    30_000,
  )

  test('thousands look again in small commits, between which others get their turn', async () => {
    const simulation = await startSimulation(simulatedPolicy(), [])
    const { store, ports } = simulation
    await setPause({ reason: 'drill', until: null }, 'ada', ports)
    const names = Array.from({ length: 3_000 }, (_, index) => `n${index}`)
    for (let start = 0; start < names.length; start += 250) await fallIll(simulation, names.slice(start, start + 250))
    const waiting = { gate: 'stop_switch', reason: '', until: null, unblock: '' }
    const all = await store.read.incidents({ states: ['open'], limit: 5_000 })
    for (let start = 0; start < all.length; start += 500) {
      await store.transaction('test', async (tx) => {
        for (const incident of all.slice(start, start + 500)) {
          await tx.saveIncident({ ...incident, state: 'waiting', waiting, dueAt: simulation.now() + minute })
        }
      })
    }
    await setPause(null, 'ada', ports)
    const turns = watchTurns()
    await simulation.wake()
    const longestMs = turns.stop().at(-1)
    expect((await store.read.due(simulation.now(), 5_000)).length).toBe(3_000)
    expect(longestMs).toBeLessThan(250)
    await simulation.close()
  }, 60_000)
})

describe('a window of maintenance', () => {
  test('holds effects and hand-overs back, through a restart; after it everything is looked at anew', async () => {
    const policy = withWindows([window({ target: 'container/*/p*' })], {
      limits: { ...somePlaybook().limits, maxWaitMs: minute },
    })
    const simulation = await startSimulation(policy, [...many(1), somePatient('other')])
    await fallIll(simulation, ['p0', 'other'])
    await letPass(simulation, 10 * minute, minute)
    expect(simulation.patients.get('other')?.restarts).toHaveLength(1)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'waiting', attempts: 0, handedOverAt: null })
    await simulation.restart()
    const end = 45 * minute
    await letPass(simulation, end - simulation.now() - 1, minute)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'waiting', attempts: 0, dueAt: end })
    await letPass(simulation, 2_000)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ attempts: 1 })
    const [incident] = (await untilAtRest(simulation)).filter(({ target }) => target.endsWith('p0'))
    expect(incident).toMatchObject({ ending: 'healed' })
    await simulation.close()
  })

  test('holds a hand-over of the ladder back, says so, and lets a recovery meanwhile end it in silence', async () => {
    const escalate = { steps: [{ kind: 'escalate', channel: 'oncall' }] } as const
    const simulation = await startSimulation(withWindows([window()], escalate), many(2))
    await fallIll(simulation, ['p0', 'p1'])
    await letPass(simulation, 2 * minute, minute)
    const held = { gate: 'pauses', reason: expect.stringContaining('"updates" holds the hand-over back') }
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'open', waiting: held })
    expect(await simulation.store.read.outboxDue(1e15, 9)).toEqual([])
    simulation.patients.get('p1')!.ill = false
    await simulation.deliver('p1', 'resolved')
    await letPass(simulation, 30 * minute, minute)
    expect(await stateOf(simulation, 'p1')).toMatchObject({ state: 'closed', ending: 'self_recovered' })
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'handed_over' })
    expect(await simulation.store.read.outboxDue(1e15, 9)).toHaveLength(1)
    const told = await simulation.store.read.audit({ types: ['incident.waiting'], limit: 99 })
    expect(told.filter(({ target }) => target === 'container/local/p0')).toHaveLength(1)
    await simulation.close()
  })

  test('that begins while an effect runs keeps an unknown end for later, but not from a person for good', async () => {
    const later = window({ cron: '17 0 * * *', durationMs: 20 * minute })
    const simulation = await startSimulation(withWindows([later]), [somePatient('p0', false)])
    await simulation.deliver('p0', 'firing')
    simulation.crashAt('effect:after')
    await simulation.settle()
    await simulation.restart()
    await letPass(simulation, 5 * minute, 10_000)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ state: 'open', owed: { channel: 'oncall' } })
    simulation.patients.get('p0')!.ill = false
    await simulation.deliver('p0', 'resolved')
    await letPass(simulation, 20 * minute, minute)
    expect(await stateOf(simulation, 'p0')).toMatchObject({ ending: 'escalated' })
    expect(await simulation.store.read.outboxDue(1e15, 9)).toHaveLength(1)
    await simulation.close()
  })
})

test('outside its active hours a playbook waits for them, and hands over when that takes too long', async () => {
  const activeHours = { cron: '20 0 * * *', durationMs: 10 * minute, timeZone: 'UTC' }
  const limits = { ...somePlaybook().limits, activeHours }
  const simulation = await startSimulation(simulatedPolicy({ limits }), many(2))
  await fallIll(simulation, ['p0'])
  await simulation.settle()
  expect(await stateOf(simulation, 'p0')).toMatchObject({ waiting: { gate: 'active_hours' }, dueAt: 20 * minute })
  simulation.pass(20 * minute - simulation.now())
  await simulation.settle()
  expect(simulation.patients.get('p0')?.restarts).toHaveLength(1)
  await letPass(simulation, 12 * minute, minute)
  await fallIll(simulation, ['p1'])
  await letPass(simulation, 16 * minute, minute)
  expect(simulation.patients.get('p1')?.restarts).toHaveLength(0)
  expect(await stateOf(simulation, 'p1')).toMatchObject({ state: 'handed_over' })
  await simulation.close()
})
