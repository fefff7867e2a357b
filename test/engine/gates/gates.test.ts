import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gateNames } from '../../../src/domain/gate.ts'
import { evaluateGates, gates } from '../../../src/engine/gates/evaluate.ts'
import type { GateFacts } from '../../../src/engine/gates/gate.ts'
import type { OracleAnswer, PlanOutcome } from '../../../src/engine/ports.ts'
import { someAttempt, someIncident, somePlaybook, someRecord } from '../../kit/records.ts'

const firing: OracleAnswer = {
  kind: 'answered',
  firing: true,
  silencedBy: [],
  healingSilences: [],
  inhibitedBy: [],
  rule: { loaded: true, healthy: true, evaluatedAt: 9_000 },
  detail: 'active',
}
const planned: PlanOutcome = { kind: 'planned', plan: someAttempt().plan, digest: 'd1' }
const quietHistory = { windows: [{ count: 3, windowMs: 3_600_000, used: 0, oldestAt: null }], lastEndedAt: null }

function someGateFacts(more: Partial<GateFacts> = {}, stored: Partial<GateFacts['stored']> = {}): GateFacts {
  return {
    now: 10_000,
    incident: someIncident(),
    playbook: somePlaybook(),
    ceiling: 'auto',
    alertAgeMaxMs: 3_600_000,
    temporary: false,
    fourEyes: false,
    stored: {
      pause: null,
      alerts: [someRecord()],
      history: quietHistory,
      holder: null,
      effect: null,
      approval: null,
      ...stored,
    },
    oracle: [{ fingerprint: 'f1', answer: firing }],
    plan: planned,
    policy: null,
    ...more,
  }
}

function verdictOf(facts: GateFacts) {
  const evaluation = evaluateGates(facts)
  if (evaluation.kind !== 'verdict') throw new Error(`still asks for ${evaluation.need}`)
  return evaluation.verdict
}

test('the gates stand in the published order', () => {
  expect(gates.map(({ name }) => name)).toEqual([...gateNames])
})

test('with nothing against it, the verdict is run and every gate has said why', () => {
  const verdict = verdictOf(someGateFacts())
  expect(verdict.verdict).toBe('run')
  expect(verdict.gates.map(({ gate }) => gate)).toEqual([...gateNames])
  expect(verdict.gates.every(({ reason }) => reason.length > 0)).toBe(true)
})

test('the world is asked only after the gates before let the check go on', () => {
  const { oracle: _, plan: __, ...bare } = someGateFacts()
  expect(evaluateGates(bare)).toEqual({ kind: 'gather', need: 'oracle' })
  expect(evaluateGates({ ...bare, oracle: [{ fingerprint: 'f1', answer: firing }] })).toEqual({
    kind: 'gather',
    need: 'plan',
  })
  const paused = { ...bare, stored: { ...bare.stored, pause: { reason: 'drill', by: 'ada', since: 1, until: null } } }
  expect(verdictOf(paused)).toMatchObject({ verdict: 'wait', blockedBy: { gate: 'stop_switch' } })
})

describe('each gate blocks', () => {
  test.each<[string, GateFacts, object]>([
    [
      'stop_switch',
      someGateFacts({}, { pause: { reason: 'drill', by: 'ada', since: 1, until: 20_000 } }),
      { verdict: 'wait', blockedBy: { gate: 'stop_switch', until: 20_000 } },
    ],
    [
      'mode: observe plans only',
      someGateFacts({ ceiling: 'observe' }),
      { verdict: 'would_run', blockedBy: { gate: 'mode' } },
    ],
    ['mode: approve asks', someGateFacts({ ceiling: 'approve' }), { verdict: 'ask', blockedBy: { gate: 'approval' } }],
    [
      'freshness: nothing fires any more',
      someGateFacts({}, { alerts: [someRecord({ status: 'resolved', resolvedAt: 5_000 })] }),
      { verdict: 'wait', blockedBy: { gate: 'freshness' } },
    ],
    [
      'freshness: the source says that it does not fire',
      someGateFacts({ oracle: [{ fingerprint: 'f1', answer: { ...firing, firing: false } }] }),
      { verdict: 'wait', blockedBy: { gate: 'freshness' } },
    ],
    [
      'freshness: silenced',
      someGateFacts({ oracle: [{ fingerprint: 'f1', answer: { ...firing, silencedBy: ['s1'] } }] }),
      { verdict: 'wait', blockedBy: { gate: 'freshness', facts: { silencedBy: ['s1'] } } },
    ],
    [
      'freshness: inhibited',
      someGateFacts({ oracle: [{ fingerprint: 'f1', answer: { ...firing, inhibitedBy: ['i1'] } }] }),
      { verdict: 'wait', blockedBy: { gate: 'freshness' } },
    ],
    [
      'freshness: the source cannot be asked',
      someGateFacts({ oracle: [{ fingerprint: 'f1', answer: { kind: 'unavailable', reason: 'refused' } }] }),
      { verdict: 'wait', blockedBy: { gate: 'freshness', until: 20_000 } },
    ],
    [
      'freshness: too old, and no oracle could confirm it',
      someGateFacts({
        now: 5_000_000,
        oracle: [{ fingerprint: 'f1', answer: { kind: 'not_applicable', reason: 'no oracle' } }],
      }),
      { verdict: 'wait', blockedBy: { gate: 'freshness' } },
    ],
    [
      'target: never permitted',
      someGateFacts({ plan: { kind: 'refused', reason: 'not opted in', final: true, evidence: {} } }),
      { verdict: 'refuse', blockedBy: { gate: 'target', reason: 'not opted in' } },
    ],
    [
      'target: not now',
      someGateFacts({ plan: { kind: 'refused', reason: 'restarting', final: false, evidence: {} } }),
      { verdict: 'wait', blockedBy: { gate: 'target' } },
    ],
    [
      'target: cannot be looked at',
      someGateFacts({ plan: { kind: 'failed', reason: 'no answer' } }),
      { verdict: 'wait', blockedBy: { gate: 'target' } },
    ],
    [
      'attempt_budget',
      someGateFacts(
        {},
        { history: { windows: [{ count: 3, windowMs: 3_600_000, used: 3, oldestAt: 3_604_000 }], lastEndedAt: null } },
      ),
      { verdict: 'wait', blockedBy: { gate: 'attempt_budget', until: 3_604_000 } },
    ],
    [
      'cooldown',
      someGateFacts({}, { history: { ...quietHistory, lastEndedAt: 9_000 } }),
      { verdict: 'wait', blockedBy: { gate: 'cooldown', until: 309_000 } },
    ],
    [
      'target_lock',
      someGateFacts({}, { holder: someAttempt({ id: 'other' }) }),
      { verdict: 'wait', blockedBy: { gate: 'target_lock' } },
    ],
    [
      'target_lock, for a second temporary effect',
      someGateFacts({ temporary: true }, { effect: someAttempt({ id: 'other' }) }),
      { verdict: 'wait', blockedBy: { gate: 'target_lock', reason: expect.stringContaining('temporary effect') } },
    ],
  ])('%s', (_, facts, expected) => {
    expect(verdictOf(facts)).toMatchObject(expected)
  })

  test('a temporary effect in force holds back no step that is there to stay', () => {
    expect(verdictOf(someGateFacts({}, { effect: someAttempt() })).verdict).toBe('run')
  })

  test('freshness passes when one alert of several still fires, and needs an answer about it', () => {
    const alerts = [someRecord(), someRecord({ fingerprint: 'f2' })]
    const silenced = { ...firing, silencedBy: ['s1'] }
    const oracle = [
      { fingerprint: 'f1', answer: silenced },
      { fingerprint: 'f2', answer: firing },
    ]
    expect(verdictOf(someGateFacts({ oracle }, { alerts })).verdict).toBe('run')
    const unasked = verdictOf(someGateFacts({ oracle: oracle.slice(0, 1) }, { alerts: alerts.slice(1) }))
    expect(unasked).toMatchObject({ verdict: 'wait', blockedBy: { gate: 'freshness' } })
  })

  test('a playbook lowers the ceiling and never raises it', () => {
    const low = somePlaybook({ mode: 'observe' })
    expect(verdictOf(someGateFacts({ playbook: low })).verdict).toBe('would_run')
    expect(verdictOf(someGateFacts({ ceiling: 'observe' })).verdict).toBe('would_run')
  })

  test('a manual heal needs no alert and counts as approved, but not as permission to raise observe', () => {
    const manual = { action: 'container-restart', with: {}, by: 'ada', reason: 'because' }
    const facts = someGateFacts({ incident: someIncident({ manual }) }, { alerts: [] })
    expect(verdictOf({ ...facts, ceiling: 'approve' }).verdict).toBe('run')
    expect(verdictOf({ ...facts, ceiling: 'observe' }).verdict).toBe('would_run')
  })
})

test('whatever else holds, one hard block is enough, and without any the verdict follows the mode', () => {
  const anyFacts = fc.record({
    paused: fc.boolean(),
    ceiling: fc.constantFrom('observe', 'approve', 'auto') as fc.Arbitrary<GateFacts['ceiling']>,
    firing: fc.boolean(),
    plan: fc.constantFrom<PlanOutcome>(
      planned,
      planned,
      { kind: 'failed', reason: 'x' },
      { kind: 'refused', reason: 'x', final: true, evidence: {} },
    ),
    used: fc.integer({ min: 0, max: 4 }),
    lastEndedAt: fc.constantFrom(null, null, 9_000),
    held: fc.boolean(),
  })
  let allowed = 0
  let runs = 0
  fc.assert(
    fc.property(anyFacts, (some) => {
      runs += 1
      const facts = someGateFacts(
        {
          ceiling: some.ceiling,
          plan: some.plan,
          oracle: [{ fingerprint: 'f1', answer: { ...firing, firing: some.firing } }],
        },
        {
          pause: some.paused ? { reason: 'x', by: 'ada', since: 1, until: null } : null,
          history: {
            windows: [{ count: 3, windowMs: 3_600_000, used: some.used, oldestAt: 1_000 }],
            lastEndedAt: some.lastEndedAt,
          },
          holder: some.held ? someAttempt() : null,
        },
      )
      const { verdict } = verdictOf(facts)
      const forbidden =
        some.paused ||
        !some.firing ||
        some.plan.kind !== 'planned' ||
        some.used >= 3 ||
        some.lastEndedAt !== null ||
        some.held
      if (forbidden) expect(['wait', 'refuse']).toContain(verdict)
      else expect(verdict).toBe({ observe: 'would_run', approve: 'ask', auto: 'run' }[some.ceiling])
      if (verdict === 'run') allowed += 1
    }),
    { numRuns: 3_000 },
  )
  expect(allowed / runs).toBeGreaterThan(0.005)
})
