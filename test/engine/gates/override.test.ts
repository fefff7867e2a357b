import { describe, expect, test } from 'vitest'
import type { Attempt } from '../../../src/domain/attempt.ts'
import { override } from '../../../src/engine/gates/override.ts'
import type { PlanOutcome } from '../../../src/engine/ports.ts'
import { ordeal, storiesMs } from '../../kit/ordeal.ts'
import { type Patient, playedActions } from '../../kit/played-world.ts'
import { someAttempt, someIncident, somePlaybook } from '../../kit/records.ts'
import { type SimulationPorts, simulatedPolicy } from '../../kit/simulation.ts'

const yieldForMs = 120_000
const now = 1_000_000

interface More {
  readonly ownEndedAt?: number
  readonly illSince?: number
  readonly yieldForMs?: number
  readonly holder?: Attempt
}

function decide(changedAt: number | null, more: More = {}) {
  const changed = changedAt === null ? {} : { changed: { at: changedAt, what: 'it was started' } }
  const plan: PlanOutcome = { kind: 'planned', plan: { ...someAttempt().plan, ...changed }, digest: 'd' }
  const own = more.ownEndedAt
  const ownEffect = own === undefined ? null : { object: 'o', attempt: 'a', beganAt: own - 1_000, endedAt: own }
  const limits = { ...somePlaybook().limits, yieldForMs: more.yieldForMs ?? yieldForMs }
  const stored = { ownEffect, holder: more.holder ?? null }
  const facts = { plan, stored, incident: someIncident({ illSince: more.illSince ?? 0 }), now }
  return override.decide({ ...facts, playbook: somePlaybook({ limits }) } as never)
}

describe('a target that somebody else touched', () => {
  test('since it fell ill is left alone for a while, and the block says who, what and until when', () => {
    expect(decide(now - 20_000)).toMatchObject({
      result: 'block',
      reason: 'somebody else touched the target 20s ago: it was started',
      until: now - 20_000 + yieldForMs,
    })
  })

  test('in the future of a clock that is ahead is left alone no longer than from now', () => {
    expect(decide(now + 3_600_000)).toMatchObject({ result: 'block', until: now + yieldForMs })
  })

  test('is no longer left alone when that did not help in time, or was before it fell ill', () => {
    expect(decide(now - yieldForMs)).toMatchObject({ result: 'pass' })
    expect(decide(now - 20_000, { illSince: now - 10_000 })).toMatchObject({ result: 'pass' })
  })

  test('is told from one that Hepar itself touched last', () => {
    expect(decide(now - 20_000, { ownEndedAt: now - 19_000 })).toMatchObject({ result: 'pass' })
    expect(decide(now - 20_000, { ownEndedAt: now - 60_000 })).toMatchObject({ result: 'block' })
  })

  test('is not taken for Hepar’s own while that lies ahead, since the clock was set back', () => {
    expect(decide(now - 20_000, { ownEndedAt: now + 3_600_000 })).toMatchObject({ result: 'block' })
  })

  test('is told from one that Hepar itself is at work on', () => {
    const at = (phase: Attempt['phase']) => someAttempt({ phase, intendedAt: now - 20_000 })
    expect(decide(now - 19_000, { holder: at('acting') })).toMatchObject({ result: 'pass' })
    expect(decide(now - 21_000, { holder: at('acting') })).toMatchObject({ result: 'block' })
    expect(decide(now - 1_000, { holder: at('verifying'), ownEndedAt: now - 15_000 })).toMatchObject({
      result: 'block',
    })
  })

  test('is not known of where the action cannot tell, and not asked for where nobody is yielded to', () => {
    expect(decide(null)).toMatchObject({ result: 'not_applicable' })
    expect(decide(now - 20_000, { yieldForMs: 0 })).toMatchObject({ result: 'not_applicable' })
  })

  test('blocks where there is no plan that could tell', () => {
    const facts = { stored: { ownEffect: null, holder: null }, incident: someIncident(), now, playbook: somePlaybook() }
    expect(override.decide({ ...facts, plan: { kind: 'failed', reason: 'x' } } as never)).toMatchObject({
      result: 'block',
    })
  })
})

test(
  'no story gets an effect onto a target that somebody else has just touched, and most illnesses are treated',
  async () => {
    /** Of each patient: when a person restarted it, whether Hepar could take that for its own effect. */
    const touched = new Map<string, { readonly at: number; readonly own: boolean }>()
    const lives = new Map<string, SimulationPorts>()
    const generous = { ...somePlaybook().limits, cooldownMs: 0, attempts: [{ count: 1_000, windowMs: 86_400_000 }] }
    const [restart, escalate] = somePlaybook().steps
    const steps = [restart!, { ...restart!, timeoutMs: 59_000 }, escalate!]
    let touches = 0
    await ordeal({
      policy: simulatedPolicy({ steps, limits: { ...generous, yieldForMs }, reopenWithinMs: 0 }),
      begin: () => {
        touched.clear()
        lives.clear()
      },
      played: (patients) => ({ actions: { plan: planning(patients, touched) } }),
      deeds: {
        touch: {
          weight: 5,
          do: ({ simulation, patients, effects }, pick) => {
            const { name } = patients[pick % patients.length]!
            const last = effects.findLast(({ patient }) => patient === name)
            const at = simulation.now()
            // One that no Hepar saw the end of may go on until its deadline.
            const unseen = last !== undefined && lives.get(last.key) !== simulation.ports
            const own = last !== undefined && at <= last.at + (unseen ? 65_000 : 5_000)
            touched.set(name, { at, own })
            touches += 1
          },
        },
      },
      forbidden: ({ patient, at, key }, { illSince, simulation }) => {
        lives.set(key, simulation.ports)
        const last = touched.get(patient)
        if (last === undefined || last.own || last.at < (illSince.get(patient) ?? Number.POSITIVE_INFINITY)) return null
        return at - last.at < yieldForMs ? `a person touched it ${at - last.at} ms ago` : null
      },
      shareMin: 0.4,
      effectsMin: 20,
      tried: () => touches > 20,
      runs: 20,
    })
  },
  storiesMs,
)

/** Plans that see the latest start of a patient, whoever started it, as an engine shows it. */
function planning(patients: readonly Patient[], touched: ReadonlyMap<string, { readonly at: number }>) {
  const world = { now: 0, patients: new Map(patients.map((patient) => [patient.name, patient])) }
  const { plan } = playedActions(
    world,
    () => {},
    () => '',
  )
  return async (call: Parameters<typeof plan>[0]): Promise<PlanOutcome> => {
    const made = await plan(call)
    const name = call.target.split('/')[2] ?? ''
    const restarted = world.patients.get(name)?.restarts.at(-1)?.at ?? 0
    const at = Math.max(touched.get(name)?.at ?? 0, restarted)
    if (made.kind !== 'planned' || at === 0) return made
    return { ...made, plan: { ...made.plan, changed: { at, what: 'it was started' } } }
  }
}
