import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Risk } from '../../src/domain/action.ts'
import type { Step } from '../../src/domain/playbook.ts'
import type { Trial } from '../../src/domain/trial.ts'
import { keepsFailing } from '../../src/engine/ladder/demotion.ts'
import { byEvidence, chooseLadder, orderOf, placeOf, stepAt } from '../../src/engine/ladder/ladder.ts'
import { classOf, stepKeyOf } from '../../src/engine/ladder/track-record.ts'
import { someIncident, somePlaybook } from '../kit/records.ts'

const [restart] = somePlaybook().steps as readonly [Extract<Step, { kind: 'action' }>]
const action = (name: string): Step => ({ ...restart, action: name })
const escalate: Step = { kind: 'escalate', channel: 'oncall' }

function tried(name: string, at: number, more: Partial<Trial> = {}): Trial {
  const step = stepKeyOf({ action: name, with: restart.with })
  const about = { playbook: 'restart', revision: 'p1', step, action: name, targetClass: 'container/web' }
  const rest = { target: 'container/local/web', incident: 'i0', tookMs: 1, relapsed: false, wellBefore: null }
  return { ...about, ...rest, outcome: 'ineffective', at, ...more }
}

function choose(steps: readonly Step[], trials: readonly Trial[], retryAfterMs = 1_000) {
  const playbook = somePlaybook({ steps, limits: { ...somePlaybook().limits, retryAfterMs } })
  return chooseLadder({ playbook, actions: [], trials, records: [], now: 10_000 })
}

describe('what was tried on a target a short while ago', () => {
  const steps = [action('a'), action('b'), escalate]

  test('is skipped upward when it did not help, or helped only for a moment', () => {
    const [ineffective, relapsed] = [tried('a', 9_500), tried('a', 9_500, { outcome: 'healed', relapsed: true })]
    for (const trial of [ineffective, relapsed]) expect(choose(steps, [trial])).toMatchObject({ order: [1, 2] })
    expect(choose(steps, [ineffective])?.skipped).toEqual([
      { step: 0, action: 'a', reason: expect.stringContaining('did not help') },
    ])
    expect(choose(steps, [tried('a', 9_500), tried('b', 9_600)])).toMatchObject({ order: [2] })
  })

  test('is tried again when it healed since, when it never came to a verification, or after the time', () => {
    expect(choose(steps, [tried('a', 9_700, { outcome: 'healed' }), tried('a', 9_500)])).toBe(null)
    for (const outcome of ['failed', 'unknown', 'unverified'] as const) {
      expect(choose(steps, [tried('a', 9_500, { outcome })])).toBe(null)
    }
    expect(choose(steps, [tried('a', 9_000)])).toBe(null)
    expect(choose(steps, [tried('a', 9_999)], 0)).toBe(null)
  })

  test('is another step with other parameters', () => {
    const other = { ...restart, action: 'a', with: { kind: 'literal', value: { grace: '9s' } } as const }
    expect(choose([other, escalate], [tried('a', 9_500)])).toBe(null)
  })
})

describe('the order of evidence', () => {
  const anyStep = fc.record({
    risk: fc.constantFrom<Risk>('read', 'reversible', 'destructive'),
    bound: fc.constantFrom(0, 0, 0.2, 0.5, 0.9),
  })
  const order = (some: readonly { risk: Risk; bound: number }[], tail: readonly Step[]) => {
    const steps = [...some.map((_, index) => action(`s${index}`)), ...tail]
    const actions = some.map(({ risk }, index) => ({ name: `s${index}`, risk }))
    const records = some.map(({ bound }, step) => ({ step, lowerBound: bound }))
    return byEvidence(steps, actions, records as never)
  }

  test('tries every step once, moves none ahead of one with less risk, and leaves what follows an escalation', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 7 }), (some) => {
        const ordered = order(some, [escalate, action('last')])
        const count = some.length
        expect(ordered.slice(count)).toEqual([count, count + 1])
        expect([...ordered].sort((a, b) => a - b)).toEqual(Array.from({ length: count + 2 }, (_, index) => index))
        const risk = (index: number) => ['read', 'reversible', 'destructive'].indexOf(some[index]!.risk)
        for (const [place, index] of ordered.slice(0, count).entries()) {
          const overtaken = ordered.slice(place + 1, count).filter((other) => other < index)
          for (const other of overtaken) expect(risk(other)).toBeGreaterThanOrEqual(risk(index))
        }
      }),
    )
  })

  test('of equal risk, the surest comes first, and the written order decides between equals', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0.2, 0.5, 0.9), { minLength: 1, maxLength: 7 }), (bounds) => {
        const some = bounds.map((bound) => ({ risk: 'reversible' as const, bound }))
        const expected = bounds.map((_, index) => index).sort((a, b) => bounds[b]! - bounds[a]! || a - b)
        expect(order(some, [])).toEqual(expected)
      }),
    )
  })
})

test('places in an incident’s own ladder lead to the steps of the file, and back; another file has another ladder', () => {
  const playbook = somePlaybook({ steps: [action('a'), action('b'), escalate] })
  const ladder = { revision: playbook.revision, order: [1, 0, 2] }
  const incident = someIncident({ ladder, step: 1 })
  expect(stepAt(incident, playbook)).toMatchObject({ index: 0, step: { action: 'a' } })
  expect([0, 1, 2].map((index) => placeOf(incident, playbook, index))).toEqual([1, 0, 2])
  expect(stepAt({ ...incident, step: 3 }, playbook)).toBe(null)
  expect(orderOf(incident, { ...playbook, revision: 'p2' })).toEqual([0, 1, 2])
})

test('a class is a kind and a name, whatever the host and the numbers', () => {
  expect(classOf('container/h7/web-2')).toBe('container/web-#')
  expect(classOf('container/h8/web-13')).toBe('container/web-#')
  expect(classOf('path/h7/var/tmp/app')).toBe('path/var/tmp/app')
  expect(classOf('redis/cache')).toBe('redis/cache')
})

test('only so many failed verifications in a row demote; a heal begins the count anew, what none decided is left out', () => {
  const of = (...outcomes: Trial['outcome'][]) => outcomes.map((outcome) => ({ outcome }))
  expect(keepsFailing(of('ineffective', 'failed', 'ineffective', 'healed'), 3)).toBe(true)
  expect(keepsFailing(of('ineffective', 'unknown', 'failed', 'unverified', 'ineffective'), 3)).toBe(true)
  expect(keepsFailing(of('ineffective', 'healed', 'ineffective', 'ineffective'), 3)).toBe(false)
  expect(keepsFailing(of('ineffective', 'ineffective'), 3)).toBe(false)
  expect(keepsFailing(of('unknown', 'unknown', 'unknown'), 3)).toBe(false)
})
