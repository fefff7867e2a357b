import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../../src/domain/config.ts'
import { gateNames } from '../../../src/domain/gate.ts'
import type { LeftAlone } from '../../../src/domain/left-alone.ts'
import type { MaintenanceWindow, ScopedPause } from '../../../src/domain/pause.ts'
import type { BlastRadius } from '../../../src/domain/playbook.ts'
import type { Schedule } from '../../../src/domain/schedule.ts'
import { noStorm, type Storm } from '../../../src/domain/storm.ts'
import type { PastEffect } from '../../../src/engine/facts/counting.ts'
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
const calm = { record: noStorm, crossedAt: null, trials: [] }
const quietHistory = { windows: [{ count: 3, windowMs: 3_600_000, used: 0, oldestAt: null }], lastEndedAt: null }

function someGateFacts(more: Partial<GateFacts> = {}, stored: Partial<GateFacts['stored']> = {}): GateFacts {
  return {
    now: 10_000,
    incident: someIncident(),
    playbook: somePlaybook(),
    stepIndex: 0,
    ceiling: 'auto',
    windows: [],
    limits: { ...defaultLimits, alertAgeMaxMs: 3_600_000 },
    highest: true,
    temporary: false,
    fourEyes: false,
    stored: {
      pause: null,
      pauses: [],
      dependencies: { ok: true, targets: [], open: [] },
      alerts: [someRecord()],
      history: quietHistory,
      rates: { all: [], playbook: [] },
      actions: [],
      effects: [],
      leftAlone: [],
      holder: null,
      effect: null,
      unwell: { others: 0, some: [] },
      storm: calm,
      demotion: null,
      ownEffect: null,
      approval: null,
      ...stored,
    },
    oracle: [{ fingerprint: 'f1', answer: firing }],
    plan: planned,
    total: null,
    policy: null,
    ...more,
  }
}

const window = (count: number, used: number) => ({ count, windowMs: 60_000, used, oldestAt: 61_000 })

const leftAlone = (why: LeftAlone['why'], until: number): LeftAlone => ({
  target: 'container/local/web',
  why,
  reason: 'told',
  since: 1,
  until,
  incident: 'i0',
})

/** Newest first: the restart of each has made the other ill, twice. */
const roundAndRound: readonly PastEffect[] = ['db', 'web', 'db', 'web'].map((name, index) => ({
  id: `a${index}`,
  playbook: 'restart',
  target: `container/local/${name}`,
  illSince: 8_000 - 2_000 * index - 500,
  intendedAt: 8_000 - 2_000 * index,
  concludedAt: 8_000 - 2_000 * index + 500,
}))

function verdictOf(facts: GateFacts) {
  const evaluation = evaluateGates(facts)
  if (evaluation.kind !== 'verdict') throw new Error(`still asks for ${evaluation.need}`)
  return evaluation.verdict
}

test('the gates stand in the published order', () => {
  expect(gates.map(({ name }) => name)).toEqual([...gateNames])
})

const somePause = (more: Partial<ScopedPause> = {}): ScopedPause => ({
  id: 'p1',
  playbook: null,
  target: null,
  reason: 'drill',
  by: 'ada',
  since: 1,
  from: 1,
  until: 20_000,
  maintenance: false,
  ...more,
})
const someWindow: MaintenanceWindow = {
  name: 'early',
  cron: '0 0 * * *',
  durationMs: 60_000,
  timeZone: 'UTC',
  playbook: null,
  target: null,
  reason: 'updates',
}
const withHours = (activeHours: Schedule) => somePlaybook({ limits: { ...somePlaybook().limits, activeHours } })
const cause = someIncident({ id: 'i9', target: 'redis/cache' })

test('with nothing against it, the verdict is run and every gate has said why', () => {
  const verdict = verdictOf(someGateFacts())
  expect(verdict.verdict).toBe('run')
  expect(verdict.gates.map(({ gate }) => gate)).toEqual([...gateNames])
  expect(verdict.gates.every(({ reason }) => reason.length > 0)).toBe(true)
})

test('the world is asked only after the gates before let the check go on', () => {
  const { oracle: _, plan: __, total: ___, ...bare } = someGateFacts()
  expect(evaluateGates(bare)).toEqual({ kind: 'gather', need: 'oracle' })
  expect(evaluateGates({ ...bare, oracle: [{ fingerprint: 'f1', answer: firing }] })).toEqual({
    kind: 'gather',
    need: 'plan',
  })
  const paused = { ...bare, stored: { ...bare.stored, pause: { reason: 'drill', by: 'ada', since: 1, until: null } } }
  expect(verdictOf(paused)).toMatchObject({ verdict: 'wait', blockedBy: { gate: 'stop_switch' } })
})

describe('blast radius', () => {
  const gate = (limit: BlastRadius, others: number, total: GateFacts['total'] = { ok: true, value: 8 }) => {
    const playbook = somePlaybook({ limits: { ...somePlaybook().limits, blastRadius: limit } })
    const verdict = verdictOf(someGateFacts({ playbook, total }, { unwell: { others, some: [] } }))
    return verdict.blockedBy?.gate === 'blast_radius' ? verdict.blockedBy.reason : verdict.verdict
  }
  const share = { percent: 25, count: null, of: 'count(up)' }
  test.each<[string, string, BlastRadius, number, GateFacts['total']?]>([
    ['the second of eight may', 'run', share, 1],
    ['the third of eight may not', '3 targets of this fleet are ill', share, 2],
    ['seven are rounded down', '2 targets of this fleet are ill', share, 1, { ok: true, value: 7 }],
    ['a quarter of three is nobody', '25% of 3, rounded down, is 0', share, 0, { ok: true, value: 3 }],
    ['nobody is counted', '25% of 0, rounded down, is 0', share, 0, { ok: true, value: 0 }],
    ['a count needs no total', 'run', { percent: null, count: 2, of: null }, 1, null],
    ['one more than the count', '3 targets of this fleet are ill', { percent: null, count: 2, of: null }, 2, null],
    ['of both bounds the count holds', '2 targets', { percent: 50, count: 1, of: 'count(up)' }, 1],
    ['of both bounds the share holds', '3 targets', { percent: 25, count: 5, of: 'count(up)' }, 2],
    [
      'both bounds need the total',
      'cannot be told',
      { percent: 25, count: 5, of: 'x' },
      0,
      { ok: false, reason: 'away' },
    ],
    ['nobody answers', 'cannot be told: away', share, 0, { ok: false, reason: 'away' }],
    ['nobody was asked', 'cannot be told: nobody was asked', share, 0, null],
  ])('%s', (_, expected, limit, others, total) => {
    expect(gate(limit, others, total)).toContain(expected)
  })

  test('is asked of the world last, and only where the playbook limits it', () => {
    const { total: _, ...bare } = someGateFacts()
    expect(evaluateGates(bare)).toEqual({ kind: 'gather', need: 'total' })
  })
})

describe('storm latch', () => {
  const storm = {
    number: 1,
    since: 9_000,
    from: 0,
    cause: 'incidents',
    calmSince: 10_000,
    latches: 1,
    step: 0,
    stepSince: 9_000,
  } as const
  const record = (phase: Storm['phase'], trials: readonly string[] = []) => ({
    ...noStorm,
    storm: { ...storm, phase, trials },
  })
  test('blocks while it is latched, and before anything is asked of the world', () => {
    const stored = { storm: { record: record('latched'), crossedAt: null, trials: [] } }
    const { oracle: _, plan: __, total: ___, ...bare } = someGateFacts({}, stored)
    expect(verdictOf(bare)).toMatchObject({ verdict: 'wait', blockedBy: { gate: 'storm_latch', until: 610_000 } })
  })
  test('blocks on the facts alone, before anybody has written the storm down', () => {
    const verdict = verdictOf(someGateFacts({}, { storm: { ...calm, crossedAt: 9_500 } }))
    expect(verdict.blockedBy).toMatchObject({
      gate: 'storm_latch',
      reason: 'a storm: more than 20 new incidents in 1m',
    })
  })
  test('lets the ramp’s effects through, and no other', () => {
    const free = { storm: { record: record('ramping'), crossedAt: null, trials: [] } }
    expect(verdictOf(someGateFacts({}, free)).verdict).toBe('run')
    const taken = { storm: { record: record('ramping', ['a1']), crossedAt: null, trials: ['under_way'] as const } }
    expect(verdictOf(someGateFacts({}, taken))).toMatchObject({ verdict: 'wait', blockedBy: { gate: 'storm_latch' } })
  })
})

describe('each gate blocks', () => {
  test.each<[string, GateFacts, object]>([
    [
      'stop_switch',
      someGateFacts({}, { pause: { reason: 'drill', by: 'ada', since: 1, until: 20_000 } }),
      { verdict: 'wait', blockedBy: { gate: 'stop_switch', until: 20_000 } },
    ],
    [
      'pauses: one that somebody placed, until the last of several ends',
      someGateFacts({}, { pauses: [somePause(), somePause({ id: 'p2', until: 40_000 })] }),
      { verdict: 'wait', blockedBy: { gate: 'pauses', until: 40_000, unblock: expect.stringContaining('unpause p1') } },
    ],
    [
      'pauses: one that somebody has to lift has no end',
      someGateFacts({}, { pauses: [somePause(), somePause({ id: 'p2', until: null })] }),
      { verdict: 'wait', blockedBy: { gate: 'pauses', until: null } },
    ],
    [
      'pauses: a window of the configuration',
      someGateFacts({ windows: [{ ...someWindow, target: 'container/*' }] }),
      { verdict: 'wait', blockedBy: { gate: 'pauses', until: 60_000, reason: expect.stringContaining('"early"') } },
    ],
    [
      'active_hours',
      someGateFacts({ playbook: withHours({ cron: '1 0 * * *', durationMs: 60_000, timeZone: 'UTC' }) }),
      { verdict: 'wait', blockedBy: { gate: 'active_hours', until: 60_000 } },
    ],
    [
      'dependencies: what it depends on is ill',
      someGateFacts({}, { dependencies: { ok: true, targets: ['redis/cache'], open: [cause] } }),
      { verdict: 'wait', blockedBy: { gate: 'dependencies', reason: expect.stringContaining('incident i9') } },
    ],
    [
      'dependencies: what it depends on cannot be told',
      someGateFacts({}, { dependencies: { ok: false, reason: 'labels.cache is missing' } }),
      { verdict: 'wait', blockedBy: { gate: 'dependencies', reason: expect.stringContaining('labels.cache') } },
    ],
    [
      'dependencies: it depends on itself',
      someGateFacts({}, { dependencies: { ok: true, targets: ['container/local/web'], open: [] } }),
      { verdict: 'wait', blockedBy: { gate: 'dependencies', reason: 'it depends on itself' } },
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
      'flapping',
      someGateFacts({}, { actions: [{ count: 4, windowMs: 3_600_000, used: 4, oldestAt: 3_601_000 }] }),
      {
        verdict: 'wait',
        blockedBy: {
          gate: 'flapping',
          until: 3_610_000,
          reason: 'flapping: 4 actions in 1h on this target, and it is ill again',
          leaves: { why: 'flapping', targets: ['container/local/web'], windowMs: 3_600_000 },
        },
      },
    ],
    [
      'flapping, for the longest of the windows that are used up, and no longer',
      someGateFacts(
        {},
        {
          actions: [
            { count: 2, windowMs: 60_000, used: 2, oldestAt: 1 },
            { count: 4, windowMs: 3_600_000, used: 4, oldestAt: 1 },
            { count: 9, windowMs: 86_400_000, used: 4, oldestAt: 1 },
          ],
        },
      ),
      { verdict: 'wait', blockedBy: { gate: 'flapping', until: 3_610_000, leaves: { windowMs: 3_600_000 } } },
    ],
    [
      'flapping, while the target is left alone',
      someGateFacts({}, { leftAlone: [leftAlone('flapping', 20_000)] }),
      { verdict: 'wait', blockedBy: { gate: 'flapping', until: 20_000, reason: 'told' } },
    ],
    [
      'cascade: a loop',
      someGateFacts({ incident: someIncident({ illSince: 9_000 }) }, { effects: roundAndRound }),
      {
        verdict: 'wait',
        blockedBy: { gate: 'cascade', leaves: { why: 'loop', targets: ['container/local/web', 'container/local/db'] } },
      },
    ],
    [
      'cascade, while the loop is left alone',
      someGateFacts({}, { leftAlone: [leftAlone('loop', 20_000)] }),
      { verdict: 'wait', blockedBy: { gate: 'cascade', until: 20_000, reason: 'told' } },
    ],
    [
      'rate: of all',
      someGateFacts({}, { rates: { all: [window(10, 10)], playbook: [] } }),
      { verdict: 'wait', blockedBy: { gate: 'rate', until: 61_000 } },
    ],
    [
      'rate: of the playbook',
      someGateFacts({}, { rates: { all: [], playbook: [window(2, 2)] } }),
      { verdict: 'wait', blockedBy: { gate: 'rate', unblock: expect.stringContaining('of the playbook') } },
    ],
    [
      'rate: what is kept for higher priorities',
      someGateFacts({ highest: false }, { rates: { all: [window(10, 8)], playbook: [] } }),
      { verdict: 'wait', blockedBy: { gate: 'rate', reason: expect.stringContaining('of 10 the last 2 are kept') } },
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

  test('a pause holds back neither what it does not cover nor what comes before or after it', () => {
    for (const pause of [
      somePause({ playbook: 'other-*' }),
      somePause({ target: 'container/*/db' }),
      somePause({ from: 10_001 }),
      somePause({ until: 10_000 }),
    ]) {
      expect(verdictOf(someGateFacts({}, { pauses: [pause] })).verdict).toBe('run')
    }
    for (const pause of [somePause({ playbook: 'rest?rt', target: '*web' }), somePause({ target: 'container/*' })]) {
      expect(verdictOf(someGateFacts({}, { pauses: [pause] })).verdict).toBe('wait')
    }
    const hours = withHours({ cron: '0 0 * * *', durationMs: 60_000, timeZone: 'UTC' })
    expect(verdictOf(someGateFacts({ playbook: hours })).verdict).toBe('run')
  })

  test('the last attempts of the rate are there for the highest priority', () => {
    const rates = { all: [window(10, 9)], playbook: [] }
    expect(verdictOf(someGateFacts({ highest: true }, { rates })).verdict).toBe('run')
    expect(
      verdictOf(someGateFacts({ highest: false }, { rates: { all: [window(10, 7)], playbook: [] } })).verdict,
    ).toBe('run')
  })

  test('a person who heals by hand is held up by no flapping and no loop', () => {
    const manual = { action: 'container-restart', with: {}, by: 'ada', reason: 'now' }
    const left = [leftAlone('flapping', 20_000), leftAlone('loop', 20_000)]
    expect(verdictOf(someGateFacts({ incident: someIncident({ manual }) }, { leftAlone: left })).verdict).toBe('run')
  })

  test('what was left alone until now is looked at again', () => {
    const left = [leftAlone('flapping', 10_000), leftAlone('loop', 10_000)]
    expect(verdictOf(someGateFacts({}, { leftAlone: left })).verdict).toBe('run')
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
  const seldom = fc.nat(4).map((one) => one === 0)
  const anyFacts = fc.record({
    paused: seldom,
    ceiling: fc.constantFrom('observe', 'approve', 'auto') as fc.Arbitrary<GateFacts['ceiling']>,
    ended: seldom,
    plan: fc.constantFrom<PlanOutcome>(
      planned,
      planned,
      planned,
      planned,
      { kind: 'failed', reason: 'x' },
      { kind: 'refused', reason: 'x', final: true, evidence: {} },
    ),
    used: fc.integer({ min: 0, max: 4 }),
    lastEndedAt: fc.constantFrom(null, null, 9_000),
    held: seldom,
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
          oracle: [{ fingerprint: 'f1', answer: { ...firing, firing: !some.ended } }],
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
        some.ended ||
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
  expect(allowed / runs).toBeGreaterThan(0.02)
})
