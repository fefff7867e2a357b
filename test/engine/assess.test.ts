import { describe, expect, test } from 'vitest'
import type { ActionStep, Playbook } from '../../src/domain/playbook.ts'
import { assess } from '../../src/engine/assess/assess.ts'
import type { Assessment } from '../../src/engine/facts/assessment.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import type { OracleAnswer } from '../../src/engine/ports.ts'
import { somePatient } from '../kit/played-world.ts'
import { someAnswer, someAttempt, someIncident } from '../kit/records.ts'
import type { Simulation } from '../kit/simulation.ts'
import { simulate, someRunner, theIncident, typesOf } from './simulate.ts'

async function assessment(simulation: Simulation): Promise<Assessment> {
  const [playbook] = simulation.policy.playbooks
  if (playbook === undefined) throw new Error('no playbook')
  const step = playbook.steps[0] as ActionStep
  return { incident: await theIncident(simulation), playbook, step, stepIndex: 0, policy: simulation.policy }
}

/** A simulation in which something happens after the gates have let the effect pass, just before its intent. */
async function meanwhile(happens: (simulation: Simulation) => Promise<unknown> | unknown) {
  const notes: string[] = []
  const simulation = await simulate({
    actions: {
      async reserve() {
        await happens(simulation)
        return someRunner(notes)
      },
    },
  })
  await simulation.deliver('web', 'firing')
  const assessed = assess(await assessment(simulation), simulation.ports)
  return { simulation, notes, assessed }
}

describe('what happens between the gates and the intent', () => {
  test('a pause keeps the effect from starting', async () => {
    const pause = { reason: 'drill', until: null }
    const { simulation, notes, assessed } = await meanwhile(({ ports }) => setPause(pause, 'ada', ports))
    await assessed
    expect(await theIncident(simulation)).toMatchObject({ state: 'waiting', waiting: { gate: 'stop_switch' } })
    expect(await simulation.store.read.activeAttempts()).toEqual([])
    expect(notes).toEqual(['discarded'])
  })

  test('an attempt of another playbook keeps the effect from starting', async () => {
    const { simulation, notes, assessed } = await meanwhile(({ store }) =>
      store.transaction('test', async (tx) => {
        await tx.openIncidents([someIncident({ id: 'other', playbook: 'other' })])
        await tx.insertAttempt(someAttempt({ incident: 'other', playbook: 'other' }))
      }),
    )
    await assessed
    expect(await theIncidentOf(simulation, 'restart')).toMatchObject({ waiting: { gate: 'target_lock' } })
    expect(notes).toEqual(['discarded'])
  })

  test.each([
    ['touches the target', [], ['container/local/web']],
    ['touches what is to be touched', ['unit/web.service'], ['unit/web.service']],
    ['is on what is to be touched', ['redis/cache'], []],
  ])('an attempt elsewhere that %s keeps the effect from starting', async (_, touches, others) => {
    const notes: string[] = []
    const elsewhere = { incident: 'other', playbook: 'other', target: 'redis/cache' }
    const { plan } = someAttempt()
    const simulation = await simulate({
      actions: {
        plan: async () => ({ kind: 'planned', plan: { ...plan, target: 'container/local/web', touches }, digest: 'd' }),
        async reserve() {
          await simulation.store.transaction('test', async (tx) => {
            await tx.openIncidents([someIncident({ ...elsewhere, id: 'other', state: 'acting' })])
            await tx.insertAttempt(someAttempt({ ...elsewhere, plan: { ...plan, touches: others } }))
          })
          return someRunner(notes)
        },
      },
    })
    await simulation.deliver('web', 'firing')
    const assessed = await assessment(simulation)
    await assess(assessed, simulation.ports)
    expect(await theIncidentOf(simulation, 'restart')).toMatchObject({
      state: 'waiting',
      waiting: {
        gate: 'target_lock',
        reason: 'an attempt of "other" holds what is to be touched, by redis/cache',
      },
    })
    expect(notes).toEqual(['discarded'])
    // At the next look the plan is known before anything is reserved.
    const again = { ...assessed, incident: (await theIncidentOf(simulation, 'restart'))! }
    await assess(again, simulation.ports)
    expect(notes).toEqual(['discarded'])
  })

  test('a stop keeps the effect from starting, and the incident due for the next start', async () => {
    const { simulation, notes, assessed } = await meanwhile(({ ports }) => ports.effects.stop(60_000))
    await assessed
    await simulation.ports.effects.settle()
    expect(await theIncident(simulation)).toMatchObject({ state: 'open', dueAt: simulation.now() })
    expect(await simulation.store.read.activeAttempts()).toEqual([])
    expect(notes).toEqual(['discarded'])
  })

  test('a resolution makes the intent stale, and nothing is started', async () => {
    const { simulation, notes, assessed } = await meanwhile(({ deliver }) => deliver('web', 'resolved'))
    await expect(assessed).rejects.toMatchObject({ code: 'stale_write' })
    expect(await simulation.store.read.activeAttempts()).toEqual([])
    expect(notes).toEqual(['discarded'])
  })

  test('another policy makes the intent stale: it was planned under rules that no longer hold', async () => {
    const { simulation, notes, assessed } = await meanwhile((simulation) => {
      simulation.policy = { ...simulation.policy, revision: 'r2' }
    })
    await expect(assessed).rejects.toMatchObject({ code: 'stale_write' })
    expect(await simulation.store.read.activeAttempts()).toEqual([])
    expect(notes).toEqual(['discarded'])
  })
})

async function theIncidentOf({ store }: Simulation, playbook: string) {
  return (await store.read.incidents({ playbook, limit: 1 }))[0]
}

test('once a stop was asked for, nothing is planned', async () => {
  let planned = 0
  const simulation = await simulate({
    actions: {
      async plan() {
        planned += 1
        return { kind: 'failed', reason: 'not played' }
      },
    },
  })
  await simulation.deliver('web', 'firing')
  simulation.ports.effects.stop(60_000)
  await assess(await assessment(simulation), simulation.ports)
  await simulation.ports.effects.settle()
  expect(planned).toBe(0)
})

test('a source is asked again when planning took so long that its answer is old', async () => {
  const notes: string[] = []
  const answers: OracleAnswer[] = []
  const simulation = await simulate({
    sources: {
      async ask() {
        const silencedBy = answers.length === 0 ? [] : ['s1']
        const rule = { loaded: true, healthy: true, evaluatedAt: simulation.now() }
        const answer = someAnswer({ silencedBy, rule })
        answers.push(answer)
        return answer
      },
    },
    actions: {
      async plan() {
        simulation.pass(3_001)
        return { kind: 'planned', plan: someAttempt().plan, digest: 'd' }
      },
      reserve: async () => someRunner(notes),
    },
  })
  await simulation.deliver('web', 'firing')
  await assess(await assessment(simulation), simulation.ports)
  expect(answers).toHaveLength(2)
  expect(await theIncident(simulation)).toMatchObject({ waiting: { gate: 'freshness' } })
  expect(notes).toEqual(['discarded'])
})

test('the effect starts after its intent is committed, never before', async () => {
  const notes: string[] = []
  const simulation = await simulate({ actions: { reserve: async () => someRunner(notes) } })
  await simulation.deliver('web', 'firing')
  simulation.store.onCommit((events) => notes.push(...events.map(({ type }) => type)))
  await assess(await assessment(simulation), simulation.ports)
  await expect.poll(() => notes).toContain('run')
  expect(notes.indexOf('attempt.intended')).toBeLessThan(notes.indexOf('run'))
})

test('an intent that cannot be committed starts nothing and gives the runner back', async () => {
  const notes: string[] = []
  const simulation = await simulate({ actions: { reserve: async () => someRunner(notes) } })
  await simulation.deliver('web', 'firing')
  const assessed = await assessment(simulation)
  simulation.crashAt('commit:before:intent')
  await expect(assess(assessed, simulation.ports)).rejects.toThrow()
  expect(notes).toEqual(['discarded'])
  expect(await simulation.store.read.activeAttempts()).toEqual([])
})

test('no more effects run at once than the limit allows; the next look comes soon', async () => {
  const held = Promise.withResolvers<{ kind: 'done'; report: object }>()
  const simulation = await simulate({ actions: { reserve: async () => someRunner([], () => held.promise as never) } })
  const { limits } = simulation.policy.config
  simulation.policy = {
    ...simulation.policy,
    config: { ...simulation.policy.config, limits: { ...limits, effectsMax: 1 } },
  }
  const running = { ...someAttempt({ id: 'elsewhere' }) }
  simulation.ports.effects.places.take({ incident: 'other', playbook: 'other', priority: 0, highest: true })
  simulation.ports.effects.start(
    running,
    someRunner([], () => held.promise as never),
  )
  await simulation.deliver('web', 'firing')
  await assess(await assessment(simulation), simulation.ports)
  expect(await simulation.store.read.activeAttempts()).toEqual([])
  expect((await theIncident(simulation)).dueAt).toBe(simulation.now() + 500)
  held.resolve({ kind: 'done', report: {} })
})

test('a target that can never be touched ends the incident as refused, with the reason', async () => {
  const refused = { kind: 'refused', reason: 'not opted in', final: true, evidence: {} } as const
  const simulation = await simulate({ actions: { plan: async () => refused } })
  await simulation.deliver('web', 'firing')
  await assess(await assessment(simulation), simulation.ports)
  expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'refused', reason: 'not opted in' })
})

test('observe mode plans, records one would_run for each policy, and starts nothing', async () => {
  const notes: string[] = []
  const simulation = await simulate({
    config: { mode: 'observe' },
    actions: { reserve: async () => someRunner(notes) },
  })
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  simulation.pass(600_000)
  await simulation.settle()
  expect((await typesOf(simulation)).filter((type) => type === 'incident.would_run')).toHaveLength(1)
  expect(await simulation.store.read.activeAttempts()).toEqual([])
  expect(notes).toEqual([])
})

test('the same block is told once, however often it is met', async () => {
  const simulation = await simulate({ actions: { plan: async () => ({ kind: 'failed', reason: 'no answer for 3s' }) } })
  await simulation.deliver('web', 'firing')
  for (let look = 0; look < 3; look += 1) {
    await simulation.settle()
    simulation.pass(11_000)
  }
  expect((await typesOf(simulation)).filter((type) => type === 'incident.waiting')).toHaveLength(1)
})

test('a silence that this Hepar set while it healed is in nobody’s way, that of another is', async () => {
  const strangers = '01900000-0000-7000-8000-000000000000'
  const healing: { attempt: string } = { attempt: strangers }
  const sources = { ask: async () => someAnswer({ healingSilences: [{ id: 's1', ...healing }] }) }
  const simulation = await simulate({ sources, patients: [somePatient('web', false)] })
  await simulation.deliver('web', 'firing')
  await assess(await assessment(simulation), simulation.ports)
  expect(await theIncident(simulation)).toMatchObject({
    state: 'waiting',
    waiting: { gate: 'freshness', unblock: expect.stringContaining('s1') },
  })

  const own = someAttempt({ id: strangers, incident: (await theIncident(simulation)).id, phase: 'concluded' })
  await simulation.store.transaction('test', (tx) => tx.insertAttempt(own))
  await assess(await assessment(simulation), simulation.ports)
  expect(await theIncident(simulation)).toMatchObject({ state: 'acting' })
})

test('of those that are assessed at the same moment no more begin than there are places', async () => {
  const held = Promise.withResolvers<{ kind: 'done'; report: object }>()
  const names = ['web', 'api', 'db']
  const simulation = await simulate({
    patients: names.map((name) => somePatient(name)),
    actions: { reserve: async () => someRunner([], () => held.promise as never) },
  })
  const { config } = simulation.policy
  simulation.policy = { ...simulation.policy, config: { ...config, limits: { ...config.limits, effectsMax: 2 } } }
  for (const name of names) await simulation.deliver(name, 'firing')
  const [playbook] = simulation.policy.playbooks as [Playbook]
  const step = playbook.steps[0] as ActionStep
  const incidents = await simulation.store.read.incidents({ limit: 3 })
  await Promise.all(
    incidents.map((incident) =>
      assess({ incident, playbook, step, stepIndex: 0, policy: simulation.policy }, simulation.ports),
    ),
  )
  expect(await simulation.store.read.activeAttempts()).toHaveLength(2)
  const [waiting] = await simulation.store.read.incidents({ states: ['open'], limit: 3 })
  expect(waiting?.waiting).toMatchObject({
    gate: 'places',
    reason: 'no place for another effect: 2 run, 0 incidents come first',
  })
  held.resolve({ kind: 'done', report: {} })
})
