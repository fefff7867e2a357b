import { describe, expect, test } from 'vitest'
import type { OracleAnswer } from '../../src/engine/ports.ts'
import { applyAnswer, askAbout } from '../../src/engine/receive/confirm.ts'
import { someRecord } from '../kit/records.ts'
import { simulate, theIncident } from './simulate.ts'

const rule = { loaded: true, healthy: true, evaluatedAt: 9_000 }
const quiet = {
  kind: 'answered',
  firing: false,
  silencedBy: [],
  healingSilences: [],
  inhibitedBy: [],
  rule,
  detail: '',
} as const
const firing = { ...quiet, firing: true }
const resolved = someRecord({ status: 'resolved', resolvedAt: 8_000, resolvedBy: 'delivery' })
const now = 10_000
const limits = { alertAgeMaxMs: 3_600_000 }
const noOracle = { kind: 'not_applicable', reason: 'no oracle' } as const

describe('a resolution', () => {
  test('is confirmed by an evaluation of the rule that is younger', () => {
    expect(applyAnswer(resolved, quiet, now, limits)?.record).toMatchObject({
      status: 'resolved',
      resolvedConfirmed: true,
    })
  })

  test.each<[string, OracleAnswer]>([
    ['an evaluation that is older', { ...quiet, rule: { ...rule, evaluatedAt: 8_000 } }],
    ['a rule that fails to evaluate', { ...quiet, rule: { ...rule, healthy: false } }],
    ['a rule that is gone', { ...quiet, rule: { ...rule, loaded: false } }],
    ['a source that cannot be asked', { kind: 'unavailable', reason: 'refused' }],
  ])('is not confirmed by %s', (_, answer) => {
    expect(applyAnswer(resolved, answer, now, limits)).toBe(null)
  })

  test('is taken at its word where there is no oracle by configuration, if a delivery said so', () => {
    expect(applyAnswer(resolved, noOracle, now, limits)?.record).toMatchObject({ resolvedConfirmed: true })
    expect(applyAnswer({ ...resolved, resolvedBy: 'oracle' }, noOracle, now, limits)).toBe(null)
  })

  test('never was one when the source says that it still fires', () => {
    expect(applyAnswer(resolved, firing, now, limits)?.record).toMatchObject({ status: 'firing', resolvedAt: null })
  })

  test('stands against a source that spoke of the time before it', () => {
    expect(applyAnswer(resolved, { ...firing, rule: { ...rule, evaluatedAt: 8_000 } }, now, limits)).toBe(null)
  })
})

describe('a firing alert', () => {
  const known = someRecord({ startsAt: 5_000, lastSeenAt: 6_000 })

  test('is over by an evaluation that is younger than what was last heard', () => {
    const after = applyAnswer(known, quiet, now, limits)?.record
    expect(after).toMatchObject({
      status: 'resolved',
      resolvedAt: 9_000,
      resolvedBy: 'oracle',
      resolvedConfirmed: true,
    })
  })

  test('goes on while the last evaluation is older than what was heard', () => {
    expect(applyAnswer(known, { ...quiet, rule: { ...rule, evaluatedAt: 6_000 } }, now, limits)).toBe(null)
  })

  test('is not over because its source cannot be asked', () => {
    expect(applyAnswer(known, { kind: 'unavailable', reason: 'refused' }, 1e12, limits)).toBe(null)
  })

  test('goes on for as long as its source says so, whoever that is', () => {
    for (const answer of [firing, { ...firing, rule: null }])
      expect(applyAnswer(known, answer, 1e12, limits)).toBe(null)
  })

  test('without Prometheus is over only once no Alertmanager has known it for five minutes', () => {
    const absent = { ...quiet, rule: null }
    expect(applyAnswer(known, absent, 6_000 + 299_999, limits)).toBe(null)
    expect(applyAnswer(known, absent, 6_000 + 300_000, limits)?.record).toMatchObject({ status: 'resolved' })
  })

  test('that nobody can be asked about is given up, unconfirmed, once not heard of for its age', () => {
    expect(applyAnswer(known, noOracle, 6_000 + limits.alertAgeMaxMs, limits)).toBe(null)
    const given = applyAnswer(known, noOracle, 6_001 + limits.alertAgeMaxMs, limits)?.record
    expect(given).toMatchObject({ status: 'resolved', resolvedConfirmed: false })
  })

  test('whose rule is gone ends without a confirmation', () => {
    const gone = { ...quiet, rule: { loaded: false, healthy: false, evaluatedAt: null } }
    expect(applyAnswer(known, gone, 1e6, limits)?.record).toMatchObject({
      status: 'resolved',
      resolvedConfirmed: false,
    })
  })
})

test('an answer is dropped when a delivery has changed the alert since the question', async () => {
  const simulation = await simulate()
  await simulation.deliver('web', 'firing')
  const asked = await simulation.store.read.alerts('main', ['f-web'])
  simulation.pass(1_000)
  await simulation.deliver('web', 'resolved')
  const { ports } = simulation
  const sources = { ...ports.sources, ask: async () => ({ ...quiet, rule: { ...rule, evaluatedAt: 1e12 } }) }
  expect(await askAbout(asked, { ...ports, sources })).toBe(0)
  expect((await simulation.store.read.alerts('main', ['f-web']))[0]).toMatchObject({ resolvedBy: 'delivery' })
})

test('an alert that the source revives is led to its incident again', async () => {
  const simulation = await simulate()
  await simulation.deliver('web', 'firing')
  simulation.pass(1_000)
  await simulation.deliver('web', 'resolved')
  simulation.pass(1)
  expect(await askAbout(await simulation.store.read.alerts('main', ['f-web']), simulation.ports)).toBe(1)
  const [alert] = await simulation.store.read.alerts('main', ['f-web'])
  expect(alert).toMatchObject({ status: 'firing', decision: 'matched' })
  await simulation.settle()
  expect(await theIncident(simulation)).toMatchObject({ attempts: 1 })
})
