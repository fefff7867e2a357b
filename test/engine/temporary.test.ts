import { describe, expect, test } from 'vitest'
import type { Incident } from '../../src/domain/incident.ts'
import { cancel, heal, resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { looksIll, type Patient, type Played, somePatient } from '../kit/played-world.ts'
import type { Simulation } from '../kit/simulation.ts'
import { reliefPlaybook, restOf } from './relief.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

const holdMs = 600_000

async function begin(patient: Patient, played: Played = {}): Promise<Simulation> {
  const simulation = await simulate({ patients: [patient], playbook: reliefPlaybook, ...played })
  await simulation.deliver(patient.name, 'firing')
  return simulation
}

/** Lives on until the incident is in the state, at most for so long. */
async function until(simulation: Simulation, state: Incident['state'], withinMs = 3_600_000): Promise<Incident> {
  const end = simulation.now() + withinMs
  while (simulation.now() < end) {
    await simulation.settle()
    const incident = await theIncident(simulation)
    if (incident.state === state) return incident
    simulation.pass(1_000)
  }
  throw new Error(`the incident is ${(await theIncident(simulation)).state}, not ${state}`)
}

/** The alert fires anew: over in between, as Alertmanager tells it. */
async function relapse(simulation: Simulation): Promise<void> {
  await simulation.deliver('web', 'resolved')
  simulation.pass(1_000)
  await simulation.deliver('web', 'firing')
}

async function attemptsOf(simulation: Simulation) {
  return simulation.store.read.attemptsOf((await theIncident(simulation)).id)
}

describe('a temporary effect that helps', () => {
  test('is held for its time, taken back, and proven without it: mitigated', async () => {
    const web = somePatient('web', false, 'for_good')
    const simulation = await begin(web)
    const held = await until(simulation, 'holding')
    expect(held.holdUntil).toBe(simulation.now() + holdMs)
    expect(web).toMatchObject({ eased: true, reverts: [] })
    simulation.pass(holdMs - 1)
    await simulation.settle()
    expect(web.reverts).toEqual([])
    simulation.pass(1)
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'mitigated', attempts: 1, holdUntil: null })
    expect(web).toMatchObject({ eased: false, restarts: [], reverts: [{}] })
    const [effect, revert] = await attemptsOf(simulation)
    expect(effect).toMatchObject({ outcome: 'healed', holdMs, inForce: false, reverts: null })
    expect(revert).toMatchObject({ outcome: 'healed', holdMs: null, reverts: effect?.id, effect: 'done' })
    const types = (await typesOf(simulation)).filter((type) => /attempt|holding|closed/.test(type))
    expect(types.filter((type) => type !== 'attempt.probed')).toEqual([
      'attempt.intended',
      'attempt.effect_ended',
      'attempt.concluded',
      'incident.holding',
      'attempt.intended',
      'attempt.effect_ended',
      'attempt.concluded',
      'incident.closed',
    ])
  })

  test('whose target falls ill again without it climbs to the next step', async () => {
    const web = somePatient('web', true, 'while')
    const simulation = await begin(web)
    await until(simulation, 'holding')
    simulation.pass(holdMs)
    await until(simulation, 'verifying')
    await relapse(simulation)
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'healed', attempts: 2 })
    expect(web).toMatchObject({ eased: false, restarts: [{}], reverts: [{}] })
    expect((await attemptsOf(simulation)).map(({ outcome }) => outcome)).toEqual(['healed', 'ineffective', 'healed'])
  })

  test('is taken back at once when the alert fires again while it is held', async () => {
    const web: Patient = { ...somePatient('web', true, 'for_good') }
    const simulation = await begin(web)
    await until(simulation, 'holding')
    simulation.pass(60_000)
    web.ill = true
    Object.assign(web, { relief: 'never' })
    await relapse(simulation)
    await simulation.settle()
    expect(web.reverts).toHaveLength(1)
    const [trial] = await simulation.store.read.trials({ since: 0, limit: 1 })
    expect(trial).toMatchObject({ action: 'relief', outcome: 'healed', relapsed: true })
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'healed' })
    expect((await attemptsOf(simulation)).map(({ outcome }) => outcome)).toEqual(['healed', 'unverified', 'healed'])
  })

  test('says how long it was held among the parts of the recovery', async () => {
    const simulation = await begin(somePatient('web', false, 'for_good'))
    await until(simulation, 'closed')
    const [closed] = await simulation.store.read.audit({ types: ['incident.closed'], limit: 1 })
    expect(closed?.body).toMatchObject({ ending: 'mitigated', by: 'automation', attempts: 1, phases: { hold: 600 } })
  })
})

describe('a temporary effect that does not help', () => {
  test('is taken back before the next step', async () => {
    const web = somePatient('web', true, 'never')
    const simulation = await begin(web)
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'healed', attempts: 2 })
    expect(web.reverts[0]!.at).toBeLessThan(web.restarts[0]!.at)
    expect(web.eased).toBe(false)
  })

  test('is taken back before nobody but a human is left', async () => {
    const web = somePatient('web', false, 'never')
    const simulation = await begin(web)
    const handed = await until(simulation, 'handed_over')
    expect(web).toMatchObject({ eased: false, reverts: [{}] })
    expect(handed.holdUntil).toBeNull()
  })

  test('is taken back when the alert resolves meanwhile, and nothing is claimed', async () => {
    const web = somePatient('web', false, 'never')
    const simulation = await begin(web, { probeHttp: async () => ({ ok: true, status: 500 }) })
    await until(simulation, 'verifying')
    web.ill = false
    simulation.pass(1_000)
    await simulation.deliver('web', 'resolved')
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'unverified' })
    expect(web).toMatchObject({ eased: false, reverts: [{}] })
  })
})

describe('a temporary effect in force is taken back', () => {
  const cases: Record<string, (simulation: Simulation) => Promise<unknown>> = {
    'under the stop switch': ({ ports }) => setPause({ reason: 'drill', until: null }, 'ada', ports),
    'when only observing is allowed': async (simulation) => {
      const { policy } = simulation
      simulation.policy = { ...policy, revision: 'r2', config: { ...policy.config, mode: 'observe' } }
    },
    'when its playbook has vanished': async (simulation) => {
      simulation.policy = { ...simulation.policy, revision: 'r2', playbooks: [] }
    },
    'after a restart': (simulation) => simulation.restart(),
  }

  test.each(Object.entries(cases))('%s', async (_, happens) => {
    const web = somePatient('web', false, 'for_good')
    const simulation = await begin(web)
    await until(simulation, 'holding')
    await happens(simulation)
    simulation.pass(holdMs)
    const closed = await until(simulation, 'closed')
    expect(['mitigated', 'unverified']).toContain(closed.ending)
    expect(web).toMatchObject({ eased: false, reverts: [{}] })
  })

  test('when an operator cancels: at once, and then it ends', async () => {
    const web = somePatient('web', false, 'for_good')
    const simulation = await begin(web)
    const { id } = await until(simulation, 'holding')
    expect(await cancel(id, 'ada', 'enough', simulation.ports)).toMatchObject({ state: 'holding' })
    await simulation.settle()
    expect(web).toMatchObject({ eased: false, reverts: [{}] })
    expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'cancelled' })
  })

  test('though a human has it already: nothing of unknown end is left behind', async () => {
    const web = somePatient('web', false, 'never')
    const simulation = await begin(web)
    simulation.crashAt('commit:before:result')
    await simulation.settle()
    await simulation.restart()
    await until(simulation, 'handed_over')
    await restOf(simulation)
    expect(await theIncident(simulation)).toMatchObject({ state: 'handed_over' })
    expect(web).toMatchObject({ eased: false })
    expect((await attemptsOf(simulation)).map(({ outcome }) => outcome)).toEqual(['unknown', 'unverified'])
  })

  test('in a manual heal, which ends without a claim', async () => {
    const web = somePatient('web', false, 'for_good')
    const simulation = await simulate({ patients: [web] })
    const request = { action: 'relief', target: 'container/local/web', with: {}, reason: 'a busy day', by: 'ada' }
    await heal(request, simulation.ports)
    await until(simulation, 'holding')
    expect(web.eased).toBe(true)
    expect(await until(simulation, 'closed')).toMatchObject({ ending: 'unverified' })
    expect(web).toMatchObject({ eased: false, reverts: [{}] })
  })
})

describe('a revert', () => {
  test.each(['commit:before:revert', 'commit:after:revert', 'effect:before', 'effect:after', 'commit:before:result'])(
    'is made in the end when Hepar dies at %s, always with the same key',
    async (point) => {
      const web = somePatient('web', false, 'for_good')
      const simulation = await begin(web)
      await until(simulation, 'holding')
      simulation.pass(holdMs)
      simulation.crashAt(point)
      await simulation.settle()
      expect(simulation.dead).toBe(true)
      await simulation.restart()
      expect(await until(simulation, 'closed')).toMatchObject({ ending: 'mitigated' })
      expect(web.eased).toBe(false)
      const { id } = (await attemptsOf(simulation))[0]!
      expect(new Set(web.reverts.map(({ key }) => key))).toEqual(new Set([`revert:${id}`]))
      const died = !point.endsWith('before:revert')
      expect((await attemptsOf(simulation)).map(({ outcome }) => outcome)).toEqual(
        died ? ['healed', 'unknown', 'healed'] : ['healed', 'healed'],
      )
    },
  )

  test('uses up no budget and starts no cooldown', async () => {
    const web = somePatient('web', true, 'while')
    const simulation = await begin(web)
    const { target, playbook } = await until(simulation, 'holding')
    const [before] = (await attemptsOf(simulation)).map(({ concludedAt }) => concludedAt)
    simulation.pass(holdMs)
    await until(simulation, 'verifying')
    const budgets = [{ count: 3, windowMs: 3_600_000 }]
    const history = await simulation.store.read.attemptHistory(playbook, target, budgets, simulation.now())
    expect(history).toMatchObject({ windows: [{ used: 1 }], lastEndedAt: before })
  })

  test('that fails is tried again, with growing pauses, and a human is told once', async () => {
    const web = somePatient('web', false, 'for_good')
    let broken = true
    const simulation = await begin(web)
    const { reserve } = simulation.ports.actions
    Object.assign(simulation.ports.actions, {
      reserve: async (action: Parameters<typeof reserve>[0]) => {
        const runner = await reserve(action)
        const run: typeof runner.run = async (effect) =>
          effect.verb === 'revert' && broken ? { kind: 'failed', reason: 'no route' } : runner.run(effect)
        return { ...runner, run }
      },
    })
    const handed = await until(simulation, 'handed_over')
    expect(handed.reason).toBe('the temporary effect of relief is still in force: 5 reverts failed')
    expect(web.eased).toBe(true)
    simulation.pass(3_600_000)
    await simulation.settle()
    expect((await simulation.store.read.outboxDue(simulation.now(), 9)).map(({ channel }) => channel)).toEqual([
      'oncall',
    ])
    const { id } = handed
    expect(await resume(id, 'ada', 'the route is there', simulation.ports)).toMatchObject({ state: 'open' })
    broken = false
    await simulation.deliver('web', 'resolved')
    await restOf(simulation)
    expect(web.eased).toBe(false)
    expect(looksIll(web)).toBe(false)
    expect(await theIncident(simulation)).toMatchObject({ state: 'closed', ending: 'unverified' })
  })

  test('that no loaded plugin can make is shown to a human, and made when the plugin is back', async () => {
    const web = somePatient('web', false, 'for_good')
    const simulation = await begin(web)
    await until(simulation, 'holding')
    const { policy } = simulation
    simulation.policy = { ...policy, actions: [] }
    simulation.pass(holdMs)
    const handed = await until(simulation, 'handed_over')
    expect(handed.reason).toContain('no plugin named "relief" is loaded')
    simulation.policy = policy
    await restOf(simulation)
    expect(web.eased).toBe(false)
  })
})

test('a second temporary effect on a target waits until the first is taken back', async () => {
  const web = somePatient('web', false, 'for_good')
  const simulation = await simulate({ patients: [web], playbook: { ...reliefPlaybook, continue: true } })
  const [first] = simulation.policy.playbooks
  simulation.policy = { ...simulation.policy, playbooks: [first!, { ...first!, name: 'second' }] }
  await simulation.deliver('web', 'firing')
  await simulation.settle()
  for (let round = 0; round < 20; round += 1) {
    simulation.pass(1_000)
    await simulation.settle()
  }
  const states = async () => (await simulation.store.read.incidents({ limit: 9 })).map(({ state }) => state).toSorted()
  expect(await states()).toEqual(['closed', 'holding'])
  expect(web.twice).toBe(0)
})
