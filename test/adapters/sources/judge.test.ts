import { expect, test } from 'vitest'
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
  const alertmanagers = { answered: [{ alerts: [view], silences: [] }], away: [] }
  expect(judge(alert, { ...none, alertmanagers })).toMatchObject({ kind: 'answered', firing: true, silencedBy: ['s'] })
})

test('a silence counts even where the alert is not known', () => {
  const silences = [{ id: 's1', covers: () => true }]
  const alertmanagers = { answered: [{ alerts: [], silences }], away: [] }
  expect(judge(alert, { ...none, alertmanagers })).toMatchObject({ firing: false, silencedBy: ['s1'] })
})
