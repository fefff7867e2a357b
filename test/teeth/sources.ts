import { teethOf } from './tooth.ts'

const judge = { file: 'src/adapters/sources/judge.ts', test: 'test/adapters/sources/judge.test.ts' }
const unhelpful = { test: 'test/adapters/sources/unhelpful-sources.test.ts' }
const silences = { file: 'src/adapters/alertmanager/silences.ts', test: 'test/adapters/alertmanager/silences.test.ts' }
const dating = { file: 'src/adapters/prometheus/dating.ts', test: 'test/adapters/prometheus/dating.test.ts' }
const query = { file: 'src/adapters/prometheus/query.ts', test: 'test/adapters/prometheus/query.test.ts' }
const refusing = 'a Prometheus or Alertmanager that refuses makes the answer unavailable'

/** What Prometheus and Alertmanager may be believed, and what it means when they are away. */
export const sources = [
  ...teethOf({ ...unhelpful, file: 'src/adapters/sources/sources.ts' }, [
    {
      takes: 'that Prometheus must answer',
      find: '  if (prometheus && !prometheus.ok) return prometheus\n',
      replace:
        '  if (prometheus && !prometheus.ok) return { ok: true, testimony: { prometheus: null, alertmanagers: null } }\n',
      red: refusing,
    },
    {
      takes: 'that at least one Alertmanager must answer',
      find: '  if (alertmanagers.length > 0 && answered.length === 0) return',
      replace: '  if (alertmanagers.length > 99) return',
      red: 'where Alertmanagers are configured and none answers',
    },
    {
      takes: 'that silences must be known, too',
      find: '  if (!silences.ok) return silences\n',
      replace:
        '  if (!silences.ok) return { ok: true as const, alerts: alerts.alerts, silences: [], marks: new Map() }\n',
      red: 'an Alertmanager that lists its alerts and not its silences is not enough',
    },
  ]),
  ...teethOf(unhelpful, [
    {
      takes: 'that an incomplete list of rules is no list',
      file: 'src/adapters/prometheus/rules.ts',
      find: '  if (warnings?.length) return {',
      replace: '  if (warnings?.length === 99) return {',
      red: 'an incomplete list of rules is no list',
    },
    {
      takes: 'that times of another clock are told in ours',
      file: 'src/adapters/prometheus/rules.ts',
      find: 'evaluatedAt > 0 && Number.isFinite(evaluatedAt) ? evaluatedAt - skewMs : null',
      replace: 'evaluatedAt > 0 && Number.isFinite(evaluatedAt) ? evaluatedAt : null',
      red: 'an evaluation by a clock that is ahead of ours',
    },
    {
      takes: 'the limit on what a source sends',
      file: 'src/sdk/http-exchange.ts',
      find: "if (bytes > bytesMax && beyond === 'fail') throw",
      replace: "if (bytes < 0 && beyond === 'fail') throw",
      red: 'a Prometheus or Alertmanager that answers without end',
    },
    {
      takes: 'that a source’s secret stays out of reasons',
      file: 'src/adapters/http-client/describe.ts',
      find: '    peer.bearer?.reveal(),\n',
      replace: '',
      red: refusing,
    },
  ]),
  ...teethOf({ file: 'src/adapters/sources/brief-cache.ts', test: 'test/adapters/sources/brief-cache.test.ts' }, [
    {
      takes: 'that an alert is not judged by what was said before it was heard of',
      find: 'young && known.startedAt >= sinceMs',
      replace: 'young',
      red: 'what began before the moment asked about is not shared',
    },
    {
      takes: 'that what was said is soon too old',
      find: 'now >= known.startedAt && now - known.startedAt < ageMaxMs',
      replace: 'now >= known.startedAt',
      red: 'what began too long ago, or in the future',
    },
  ]),
  ...teethOf(judge, [
    {
      takes: 'that a silence of one Alertmanager silences',
      find: '[...known.flatMap((one) => one.silencedBy), ...covering]',
      replace: 'covering',
      red: 'what the Alertmanagers know > silences and inhibits when one of them says so',
    },
    {
      takes: 'that a silence counts where the alert is not known',
      find: ', ...covering]',
      replace: ']',
      red: 'a silence counts even where the alert is not known',
    },
    {
      takes: 'that an inhibition of one Alertmanager inhibits',
      find: 'known.flatMap((one) => one.inhibitedBy)',
      replace: 'known.slice(0, 1).flatMap((one) => one.inhibitedBy)',
      red: 'what the Alertmanagers know > silences and inhibits when one of them says so',
    },
    {
      takes: 'that inhibition cannot be checked where nobody knows the alert',
      find: "if (evaluated?.some(({ state }) => state === 'firing')) {",
      replace: "if (evaluated?.some(({ state }) => state !== 'firing' && state !== 'pending')) {",
      red: 'what the Alertmanagers know > is not enough for an alert that Prometheus fires',
    },
    {
      takes: 'that an alert may be known where nobody answers',
      find: '  if (evaluated === null && away.length > 0)\n',
      replace: '  if (evaluated === null && away.length > 99)\n',
      red: 'what the Alertmanagers know > is not enough for an unknown alert while one of them is away',
    },
    {
      takes: 'that several rules of one name are as healthy as the sickest',
      find: 'candidates.length > 0 && candidates.every(({ healthy }) => healthy)',
      replace: 'candidates.some(({ healthy }) => healthy)',
      red: 'of several rules with one name',
    },
    {
      takes: 'that several rules of one name are as old as the oldest',
      find: 'Math.min(...(times as number[]))',
      replace: 'Math.max(...(times as number[]))',
      red: 'of several rules with one name',
    },
  ]),
  ...teethOf({ file: 'src/adapters/prometheus/same-alert.ts', test: 'test/adapters/prometheus/same-alert.test.ts' }, [
    {
      takes: 'that a label which Prometheus drops tells no alerts apart',
      find: 'if (other === undefined || other === value) continue',
      replace: 'if (other === value) continue',
      red: 'labels that only one side has do not tell alerts apart',
    },
    {
      takes: 'that a label which Prometheus rewrites tells no alerts apart',
      find: "if (rewritten !== 'all' && !rewritten.has(name)) return false",
      replace: "if (rewritten !== 'all') return false",
      red: 'a rewritten label tells nothing',
    },
  ]),
  ...teethOf(silences, [
    {
      takes: 'that only silences in force silence',
      find: "reply.value.filter(({ status }) => status.state === 'active')",
      replace: 'reply.value',
      red: 'expired and pending silences cover nothing',
    },
    {
      takes: 'that negative matchers are negative',
      find: "((labels[name] ?? '') === value) === isEqual",
      replace: "(labels[name] ?? '') === value",
      red: 'which alerts a silence covers is judged as Alertmanager does',
    },
  ]),
  ...teethOf(dating, [
    {
      takes: 'that a query whose samples cannot be dated is refused',
      find: '  if (undatable[name] !== undefined) return undatable[name]\n',
      replace: '',
      red: 'max_over_time((a + b)[5m:1m]) is refused',
    },
    {
      takes: 'that a query which reads nothing proves nothing',
      find: '  if (reading.metrics.size === 0) return',
      replace: '  if (reading.metrics.size < 0) return',
      red: 'vector(1) is refused',
    },
    {
      takes: 'that a window reaches back',
      find: 'into.reachMs = Math.max(into.reachMs, rangeMs + offsetMs)',
      replace: 'into.reachMs = Math.max(into.reachMs, offsetMs)',
      red: 'rate(a[1m]) > 0 can be dated',
    },
  ]),
  ...teethOf(query, [
    {
      takes: 'that a sample is as old as the oldest that was read',
      find: '    oldest = Math.min(oldest, at)\n',
      replace: '',
      red: 'the samples of a target that is gone keep their age',
    },
    {
      takes: 'that what rules write about the past proves nothing',
      find: 'recorded.names.has(name) || written.has(name)',
      replace: "name === ''",
      red: 'what rules write about the past is refused',
    },
  ]),
]
