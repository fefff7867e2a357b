import { describe, expect, test } from 'vitest'
import { judge, type Testimony } from '../../../src/adapters/sources/judge.ts'

const alert = { labels: { alertname: 'Ill', host: 'a', severity: 'page' }, fingerprint: 'f1' }
const none: Testimony = { prometheus: null, alertmanagers: null }
type Rule = NonNullable<Testimony['prometheus']>['rules'][number]
const rule = (change: Partial<Rule> = {}): Rule => ({
  name: 'Ill',
  labels: {},
  healthy: true,
  problem: '',
  evaluatedAt: 1_000,
  alerts: [],
  ...change,
})
const prometheus = (...rules: Rule[]): Testimony => ({ ...none, prometheus: { rules, rewritten: new Set<string>() } })
const stateOf = (testimony: Testimony) => {
  const answer = judge(alert, testimony)
  return answer.kind === 'answered' ? answer.rule : answer
}

test('of several rules with one name, those whose fixed labels fit are judged together, by the oldest and the sickest', () => {
  expect(stateOf(prometheus(rule(), rule({ evaluatedAt: 500, healthy: false })))).toEqual({
    loaded: true,
    healthy: false,
    evaluatedAt: 500,
  })
  const elsewhere = rule({ labels: { severity: 'ticket' }, evaluatedAt: null, healthy: false })
  expect(stateOf(prometheus(rule(), elsewhere))).toEqual({ loaded: true, healthy: true, evaluatedAt: 1_000 })
  const templated = rule({ labels: { severity: '{{ $labels.severity }}' }, evaluatedAt: null })
  expect(stateOf(prometheus(rule(), templated))).toMatchObject({ loaded: true, evaluatedAt: null })
  expect(stateOf(prometheus(elsewhere))).toEqual({ loaded: false, healthy: false, evaluatedAt: null })
})

test('the same labels under another fingerprint are the same alert', () => {
  const view = {
    fingerprint: 'f2',
    labels: alert.labels,
    annotations: {},
    silencedBy: ['s'],
    inhibitedBy: [],
    startsAt: 0,
    generatorURL: '',
    receivers: ['hepar'],
  }
  const alertmanagers = { answered: [{ alerts: [view], silences: [], marks: new Map() }], away: [] }
  expect(judge(alert, { ...none, alertmanagers })).toMatchObject({ kind: 'answered', firing: true, silencedBy: ['s'] })
})

test('a silence counts even where the alert is not known', () => {
  const silences = [{ id: 's1', covers: () => true }]
  const alertmanagers = { answered: [{ alerts: [], silences, marks: new Map() }], away: [] }
  expect(judge(alert, { ...none, alertmanagers })).toMatchObject({ firing: false, silencedBy: ['s1'] })
})

describe('what the Alertmanagers know', () => {
  const view = (change: object = {}) => ({
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    annotations: {},
    silencedBy: [],
    inhibitedBy: [],
    startsAt: 0,
    generatorURL: '',
    receivers: ['hepar'],
    ...change,
  })
  const heard = (...alerts: ReturnType<typeof view>[]) => ({
    answered: [{ alerts, silences: [], marks: new Map() }],
    away: [],
  })
  const fires = rule({ alerts: [{ labels: alert.labels, state: 'firing' }] })

  test('silences and inhibits when one of them says so', () => {
    const [quiet, silencing, inhibiting] = [view(), view({ silencedBy: ['s1'] }), view({ inhibitedBy: ['i1'] })]
    const answered = [quiet, silencing, inhibiting].map((one) => ({ alerts: [one], silences: [], marks: new Map() }))
    const answer = judge(alert, { ...none, alertmanagers: { answered, away: [] } })
    expect(answer).toMatchObject({ firing: true, silencedBy: ['s1'], inhibitedBy: ['i1'] })
  })

  test('is not enough for an alert that Prometheus fires and none of them knows: it may be inhibited', () => {
    expect(judge(alert, { ...prometheus(fires), alertmanagers: heard() })).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('inhibition cannot be checked'),
    })
    expect(judge(alert, { ...prometheus(fires), alertmanagers: heard(view()) })).toMatchObject({ firing: true })
  })

  test('is not enough for an unknown alert while one of them is away and there is no Prometheus', () => {
    const alertmanagers = { ...heard(), away: ['connection refused'] }
    expect(judge(alert, { ...none, alertmanagers })).toMatchObject({ kind: 'unavailable' })
    expect(judge(alert, { ...prometheus(rule()), alertmanagers })).toMatchObject({ kind: 'answered', firing: false })
  })

  test('makes an alert active beside a Prometheus that no longer has it, and the other way round', () => {
    expect(judge(alert, { ...prometheus(rule()), alertmanagers: heard(view()) })).toMatchObject({ firing: true })
    const pending = rule({ alerts: [{ labels: alert.labels, state: 'pending' }] })
    expect(judge(alert, { ...prometheus(pending), alertmanagers: heard() })).toMatchObject({ firing: true })
  })
})

test('a silence that bears the mark of a Hepar is told apart from those of people', () => {
  const silences = ['s1', 's2'].map((id) => ({ id, covers: () => true }))
  const answered = [{ alerts: [], silences, marks: new Map([['s2', 'a1']]) }]
  expect(judge(alert, { ...none, alertmanagers: { answered, away: [] } })).toMatchObject({
    silencedBy: ['s1'],
    healingSilences: [{ id: 's2', attempt: 'a1' }],
  })
})
