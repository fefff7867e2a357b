import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Playbook, Step } from '../../src/domain/playbook.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { successRate } from '../../src/domain/success-rate.ts'
import { explain } from '../../src/engine/explain.ts'
import { promote } from '../../src/engine/ladder/demotion.ts'
import { classOf, trackRecordOf } from '../../src/engine/ladder/track-record.ts'
import { decideApproval } from '../../src/engine/operate/decide-approval.ts'
import { resume } from '../../src/engine/operate/operate.ts'
import { setPause } from '../../src/engine/operate/stop-switch.ts'
import { rematch } from '../../src/engine/receive/rematch.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { type Patient, type Played, playedAction, playedActions, somePatient } from '../kit/played-world.ts'
import { somePlaybook } from '../kit/records.ts'
import { patientAlert, type Simulation, simulatedPolicy, someDelivery, startSimulation } from '../kit/simulation.ts'

const [restart, escalate] = somePlaybook().steps as readonly [Extract<Step, { kind: 'action' }>, Step]
const hour = 3_600_000
const limits = { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 1_000, windowMs: 24 * hour }] }
const steps = [{ ...restart, action: 'first' }, { ...restart, action: 'second' }, escalate]

/** As often as a test likes may the same target be acted on. */
function withoutFlapping(policy: Policy): Policy {
  const targetActions = [{ count: 1_000, windowMs: hour }]
  return { ...policy, config: { ...policy.config, limits: { ...policy.config.limits, targetActions } } }
}

/** A simulation of one patient whom only `cure` helps, and what was tried on it as the world saw it. */
async function simulate(more: Partial<Playbook>, cure: { name: string | null } = { name: null }) {
  const web: Patient = { ...somePatient('web', false), ill: false }
  const tried: string[] = []
  const base = withoutFlapping(simulatedPolicy({ steps, limits, reopenWithinMs: 1_000, ...more }))
  const actions = ['first', 'second'].map((name) => ({ ...playedAction, name }))
  const simulation = await startSimulation({ ...base, actions }, [web], played(web, tried, cure))
  onTestFinished(() => simulation.close())
  const fallIll = async () => {
    web.ill = true
    await simulation.deliver('web', 'firing')
    await untilAtRest(simulation)
  }
  const recover = async (pauseMs: number) => {
    web.ill = false
    await simulation.deliver('web', 'resolved')
    // A source needs a moment to confirm that it is over.
    for (const ms of [20_000, pauseMs]) {
      simulation.pass(ms)
      await simulation.settle()
    }
  }
  return { simulation, web, tried, fallIll, recover }
}

function played(web: Patient, tried: string[], cure: { name: string | null }): Played {
  const planned = new Map<string, string>()
  const { plan } = playedActions(
    { now: 0, patients: new Map([['web', web]]) },
    () => {},
    () => '',
  )
  const push = (restart: Patient['restarts'][number]) => {
    const action = planned.get('web') ?? ''
    tried.push(action)
    if (action === cure.name) web.ill = false
    web.restarts[web.restarts.length] = restart
    return web.restarts.length
  }
  Object.defineProperty(web.restarts, 'push', { value: push })
  return {
    actions: {
      plan: (call) => {
        planned.set('web', call.action.name)
        return plan(call)
      },
    },
  }
}

const eventsOf = (
  simulation: Simulation,
  type: 'incident.ladder_chosen' | 'attempt.concluded' | 'playbook.demoted' | 'playbook.promoted',
) => simulation.store.read.audit({ types: [type], limit: 100 })

describe('a step that did not help on a target', () => {
  test('is skipped for a while by the next incident there, which says so, in explain, too; then it is tried again', async () => {
    const { simulation, tried, fallIll, recover, web } = await simulate(
      { limits: { ...limits, retryAfterMs: hour } },
      { name: 'second' },
    )
    await fallIll()
    expect(tried).toEqual(['first', 'second'])
    await recover(120_000)
    web.ill = true
    const explained = await explain(
      someDelivery([patientAlert('web', { startsAt: simulation.now() })]),
      simulation.ports,
    )
    expect(explained.alerts[0]?.incidents[0]).toMatchObject({
      ladder: { order: [1, 2], skipped: [{ step: 0, action: 'first' }] },
      note: expect.stringContaining('without first: it was tried on this target'),
    })
    await fallIll()
    expect(tried).toEqual(['first', 'second', 'second'])
    const [event] = await eventsOf(simulation, 'incident.ladder_chosen')
    expect(event?.body).toMatchObject({ skipped: [{ step: 0, action: 'first' }], steps: [{ step: 1 }, { step: 2 }] })
    await recover(hour + 1_000)
    await fallIll()
    expect(tried.slice(3)).toEqual(['first', 'second'])
  })

  test('is left out of what a person is asked, too: the step in the ask is the one in the file', async () => {
    const { simulation, web, fallIll, recover } = await simulate(
      { limits: { ...limits, retryAfterMs: hour } },
      { name: 'second' },
    )
    await fallIll()
    await recover(120_000)
    const { policy } = simulation
    simulation.policy = { ...policy, config: { ...policy.config, mode: 'approve' } }
    await rematch(null, 'engine', simulation.ports)
    web.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    const [incident] = await simulation.store.read.incidents({ states: ['awaiting_approval'], limit: 1 })
    expect(await simulation.store.read.liveApproval(incident?.id ?? '')).toMatchObject({ step: 1 })
    const asked = simulation.messages().filter(({ body }) => body.event === 'approval.asked')
    expect(asked).toMatchObject([{ body: { step: 2, action: 'second' } }])
  })

  test('stays skipped when the file changes before anything else is tried', async () => {
    const world = await simulate({ limits: { ...limits, retryAfterMs: hour } }, { name: 'second' })
    const { simulation, tried, fallIll, recover, web } = world
    await fallIll()
    await recover(120_000)
    await setPause({ reason: 'a new file', until: null }, 'ada', simulation.ports)
    web.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    const { policy } = simulation
    const playbooks = policy.playbooks.map((playbook) => ({ ...playbook, revision: 'p2' }))
    simulation.policy = { ...policy, revision: 'r2', playbooks }
    await rematch(null, 'engine', simulation.ports)
    await setPause(null, 'ada', simulation.ports)
    await untilAtRest(simulation)
    expect(tried).toEqual(['first', 'second', 'second'])
  })

  test('leaves only a person when it was the only one, and one who resumes the incident gets every step again', async () => {
    const { simulation, tried, fallIll, recover } = await simulate({ limits: { ...limits, retryAfterMs: hour } })
    await fallIll()
    await recover(120_000)
    await fallIll()
    expect(tried).toEqual(['first', 'second'])
    const [incident] = await simulation.store.read.incidents({ limit: 1 })
    expect(incident).toMatchObject({
      state: 'handed_over',
      attempts: 0,
      reason: expect.stringContaining('a short while ago'),
    })
    await resume(incident!.id, 'operator:ada', 'again, please', simulation.ports)
    await untilAtRest(simulation)
    expect(tried).toEqual(['first', 'second', 'first', 'second'])
  })

  test('is not tried again after a relapse, and the relapse says so', async () => {
    const { simulation, tried, fallIll, recover } = await simulate({ reopenWithinMs: hour }, { name: 'first' })
    await fallIll()
    await recover(120_000)
    await fallIll()
    expect(tried).toEqual(['first', 'second'])
    const [event] = await eventsOf(simulation, 'incident.ladder_chosen')
    expect(event?.body).toMatchObject({
      skipped: [{ step: 0, action: 'first', reason: expect.stringContaining('ill again') }],
    })
    const [healed] = (await simulation.store.read.trials({ since: 0, limit: 9 })).filter(
      ({ action }) => action === 'first',
    )
    expect(healed).toMatchObject({ outcome: 'healed', relapsed: true })
  })
})

test('by evidence, what heals surely comes first, on what the world saw, through crashes; and every number is in the log', async () => {
  const anyIllness = fc.record({ cure: fc.constantFrom('first', 'second'), crash: fc.constantFrom(-1, -1, 3, 7, 12) })
  let checked = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyIllness, { minLength: 3, maxLength: 5 }), async (illnesses) => {
      const cure = { name: null as string | null }
      const { simulation, tried, fallIll, recover, web } = await simulate(
        { order: 'evidence', reopenWithinMs: 0 },
        cure,
      )
      const seen = { first: [0, 0], second: [0, 0] } as Record<string, [number, number]>
      const bound = (name: string) => successRate(seen[name]![0], seen[name]![1]).lower
      for (const illness of illnesses) {
        cure.name = illness.cure
        const surest = bound('second') > bound('first') ? 'second' : 'first'
        const from = tried.length
        web.ill = true
        if (illness.crash >= 0) simulation.crashAfter(illness.crash)
        await simulation.deliver('web', 'firing')
        await simulation.settle()
        simulation.crashAfter(Number.POSITIVE_INFINITY)
        if (simulation.dead) await simulation.restart()
        await fallIll()
        // One that dies between intent and effect has tried nothing, and hands over.
        if (tried.length > from) expect(tried[from]).toBe(surest)
        if (tried.length > from) checked += 1
        // How a crash made an attempt end is for Hepar to say; what it says must be what it counts.
        for (const name of ['first', 'second']) {
          const trials = await simulation.store.read.trials({ since: 0, limit: 99 })
          const own = trials.filter(({ action }) => action === name)
          seen[name] = [own.filter(({ outcome }) => outcome === 'healed').length, own.length]
        }
        expect(seen.first![1] + seen.second![1]).toBeGreaterThanOrEqual(tried.length)
        await recover(120_000)
      }
      const events = await eventsOf(simulation, 'incident.ladder_chosen')
      expect(events.length).toBe(illnesses.length)
      expect(events.at(-1)?.body).toMatchObject({ order: 'evidence', records: [{ step: 0 }, { step: 1 }] })
    }),
    { numRuns: 6, endOnFailure: true },
  )
  expect(checked).toBeGreaterThan(10)
}, 60_000)

test('the record of a step counts what heals for good, on targets alike where there are enough', async () => {
  const { simulation, fallIll, recover } = await simulate({}, { name: 'first' })
  for (let round = 0; round < 2; round += 1) {
    await fallIll()
    await recover(120_000)
  }
  const [playbook] = simulation.policy.playbooks
  const about = { playbook: playbook!, step: steps[0] as typeof restart, target: 'container/other/web' }
  const record = await trackRecordOf(simulation.store.read, about, simulation.now())
  expect(record).toMatchObject({ attempts: 2, healed: 2, relapsed: 0, targetClass: null })
  expect(record.lowerBound).toBeCloseTo(successRate(2, 2).lower, 6)
  for (let round = 0; round < 3; round += 1) {
    await fallIll()
    await recover(120_000)
  }
  expect(await trackRecordOf(simulation.store.read, about, simulation.now())).toMatchObject({
    attempts: 5,
    targetClass: classOf('container/local/web'),
  })
})

describe('a step that keeps failing its verification', () => {
  const demoting = { limits: { ...limits, demoteAfter: 3 } }

  async function demoted() {
    const world = await simulate(demoting)
    for (let round = 0; round < 3; round += 1) {
      await world.fallIll()
      await world.recover(120_000)
    }
    return world
  }

  test('takes its playbook down to approve, once, with an event and a message, and nothing acts from then on', async () => {
    const { simulation, tried, fallIll } = await demoted()
    // The third failure of the first step demotes it, so that its second step is asked for already.
    expect(tried).toEqual(['first', 'second', 'first', 'second', 'first'])
    expect(await eventsOf(simulation, 'playbook.demoted')).toMatchObject([
      { playbook: 'restart', body: { action: 'first', targetClass: 'container/web', attempts: 3, mode: 'approve' } },
    ])
    const told = simulation.messages().filter(({ body }) => body.event === 'playbook.demoted')
    expect(told).toMatchObject([{ channel: 'oncall', body: { playbook: 'restart', lift: 'hepar promote restart' } }])
    await simulation.restart()
    await fallIll()
    expect(tried).toHaveLength(5)
    const waited = await simulation.store.read.audit({ types: ['incident.waiting'], limit: 99 })
    expect(waited.at(-1)?.body).toMatchObject({
      gate: 'approval',
      reason: expect.stringContaining('demoted to approve'),
    })
  })

  test('is told of once, also when what a person approves fails again', async () => {
    const { simulation, tried, web } = await demoted()
    web.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    const [incident] = await simulation.store.read.incidents({ states: ['awaiting_approval'], limit: 1 })
    const asked = await simulation.store.read.liveApproval(incident?.id ?? '')
    const { id = '', planDigest = '' } = asked ?? {}
    const word = { incident: incident?.id ?? '', planDigest, ask: id, decision: 'approve', by: 'operator:ada' } as const
    await decideApproval({ ...word, reason: 'once more' }, simulation.ports)
    await untilAtRest(simulation)
    expect(tried.slice(5)).toEqual(['first'])
    expect(await eventsOf(simulation, 'attempt.concluded')).toHaveLength(6)
    expect(await eventsOf(simulation, 'playbook.demoted')).toHaveLength(1)
  })

  test('is counted for one file: what failed before a change says nothing of what came after it', async () => {
    const { simulation, fallIll, recover } = await simulate(demoting)
    for (let round = 0; round < 4; round += 1) {
      await fallIll()
      await recover(120_000)
      if (round !== 1) continue
      const { policy } = simulation
      const playbooks = policy.playbooks.map((playbook) => ({ ...playbook, revision: 'p2' }))
      simulation.policy = { ...policy, revision: 'r2', playbooks }
      await rematch(null, 'engine', simulation.ports)
    }
    expect(await eventsOf(simulation, 'attempt.concluded')).toHaveLength(8)
    expect(await eventsOf(simulation, 'playbook.demoted')).toEqual([])
  })

  test('acts again once a person has promoted it, and only as many failures again demote it', async () => {
    const { simulation, tried, fallIll, recover } = await demoted()
    await expect(promote('nothing', 'operator:ada', 'mended', simulation.ports)).rejects.toMatchObject({
      code: 'not_found',
    })
    await promote('restart', 'operator:ada', 'mended', simulation.ports)
    await expect(promote('restart', 'operator:ada', 'mended', simulation.ports)).rejects.toMatchObject({
      code: 'conflict',
    })
    simulation.pass(120_000)
    await fallIll()
    expect(tried.slice(5)).toEqual(['first', 'second'])
    await recover(120_000)
    expect(await eventsOf(simulation, 'playbook.demoted')).toHaveLength(1)
    expect(await eventsOf(simulation, 'playbook.promoted')).toMatchObject([
      { actor: 'operator:ada', body: { reason: 'mended' } },
    ])
  })

  test('acts again when its file has changed, which the reload says', async () => {
    const { simulation, tried, fallIll } = await demoted()
    const { policy } = simulation
    const playbooks = policy.playbooks.map((playbook) => ({ ...playbook, revision: 'p2' }))
    simulation.policy = { ...policy, revision: 'r2', playbooks }
    await rematch(null, 'engine', simulation.ports)
    expect(await eventsOf(simulation, 'playbook.promoted')).toMatchObject([
      { body: { reason: 'its file has changed' } },
    ])
    simulation.pass(120_000)
    await fallIll()
    expect(tried.slice(5)).toEqual(['first', 'second'])
  })
})

test('an end after somebody else touched the target is credited to people, whoever heals it then', async () => {
  const web = somePatient('web')
  const { plan } = playedActions(
    { now: 0, patients: new Map([['web', web]]) },
    () => {},
    () => '',
  )
  const touchedAt = 1_001_000
  const simulation = await startSimulation(simulatedPolicy(), [web], {
    actions: {
      async plan(call) {
        const made = await plan(call)
        if (made.kind !== 'planned') return made
        return { ...made, plan: { ...made.plan, changed: { at: touchedAt, what: 'it was started' } } }
      },
    },
  })
  onTestFinished(() => simulation.close())
  await simulation.deliver('web', 'firing')
  simulation.pass(2_000)
  await untilAtRest(simulation)
  expect(web.restarts.map(({ at }) => at >= touchedAt + limits.yieldForMs)).toEqual([true])
  const [closed] = await simulation.store.read.audit({ types: ['incident.closed'], limit: 1 })
  expect(closed?.body).toMatchObject({ ending: 'healed', by: 'human' })
})

test('the positive probes are asked just before the effect, and what they saw is kept: it acted though all was well', async () => {
  const verify = [{ kind: 'http', url: ['http://played/web'], status: 200, timeoutMs: 1_000 }] as const
  let status = 200
  const web = somePatient('web')
  const simulation = await startSimulation(simulatedPolicy({ verify, reopenWithinMs: 0, limits }), [web], {
    probeHttp: async () => ({ ok: true, status }),
  })
  onTestFinished(() => simulation.close())
  for (const seen of [200, 500]) {
    status = seen
    web.ill = true
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    status = 200
    await untilAtRest(simulation)
    await simulation.deliver('web', 'resolved')
    await untilAtRest(simulation)
    simulation.pass(120_000)
  }
  expect(web.restarts).toHaveLength(2)
  const trials = await simulation.store.read.trials({ since: 0, limit: 9 })
  expect(trials.map(({ wellBefore }) => wellBefore)).toEqual([false, true])
  const [intended] = await simulation.store.read.audit({ types: ['attempt.intended'], limit: 1 })
  expect(intended?.body).toMatchObject({ before: [{ check: 'http http://played/web', passed: true }] })
})
