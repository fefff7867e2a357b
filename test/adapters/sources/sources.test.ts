import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSilencers } from '../../../src/adapters/alertmanager/silencers.ts'
import { createSources } from '../../../src/adapters/sources/sources.ts'
import type { Peer, Source } from '../../../src/domain/config.ts'
import type { OracleAnswer, Sources } from '../../../src/engine/ports.ts'
import { type Alertmanager, startAlertmanager } from '../../kit/alertmanager.ts'
import { type MetricsSource, startMetricsSource } from '../../kit/metrics-source.ts'
import { type Prometheus, startPrometheus } from '../../kit/prometheus.ts'
import { waitFor } from '../../kit/wait.ts'

const closing = new AsyncDisposableStack()
let metrics: MetricsSource
let first: Alertmanager
let second: Alertmanager
let prometheus: Prometheus

const rules = `
groups:
- name: conditions
  rules:
  - { alert: Ill, expr: well == 0, labels: { severity: page, about: 'host {{ $labels.host }}' } }
  - { alert: Slow, expr: slow == 1, for: 1h }
  - { alert: Big, expr: big == 1 }
  - { alert: Small, expr: small == 1 }
`
const brokenRule = `
- name: broken
  rules:
  - { alert: Broken, expr: 'label_replace(well, "host", "same", "", "") == 0' }
`

const peer = (url: string): Peer => ({ url, headers: {} })
const silentLog = { debug() {}, info() {}, warn() {}, error() {} }
const clock = { now: () => Date.now() }

function sourcesOf(change: Partial<Source> = {}): Sources {
  const source = { name: 'main', alertmanagers: [peer(first.url), peer(second.url)], prometheus: peer(prometheus.url) }
  return createSources(() => [{ ...source, ...change }], {
    log: silentLog,
    clock,
    bounds: { timeoutMs: 3_000, bytesMax: 1e6 },
  })
}

type Answered = Extract<OracleAnswer, { kind: 'answered' }>

async function answered(sources: Sources, alert: Asked): Promise<Answered> {
  const answer = await sources.ask(alert)
  if (answer.kind !== 'answered') throw new Error(`${answer.kind}: ${answer.reason}`)
  return answer
}

type Asked = Parameters<Sources['ask']>[0]

/** The alert as the first Alertmanager got it: without dropped labels, with external ones. */
async function delivered(alertname: string, host: string): Promise<Asked> {
  const found = await waitFor(
    async () => (await first.alerts()).find(({ labels }) => labels.alertname === alertname && labels.host === host),
    { what: `${alertname} of ${host} at Alertmanager` },
  )
  return { source: 'main', labels: found.labels, fingerprint: found.fingerprint, lastSeenAt: 0 }
}

beforeAll(async () => {
  metrics = closing.use(await startMetricsSource())
  const inhibitRules = [
    { source_matchers: ['alertname="Big"'], target_matchers: ['alertname="Small"'], equal: ['host'] },
  ]
  ;[first, second] = await Promise.all([startAlertmanager({ inhibitRules }), startAlertmanager()])
  closing.use(first)
  closing.use(second)
  for (const host of ['a', 'b']) metrics.set('well', 1, { host })
  prometheus = await startPrometheus({
    scrape: [{ job: 'thing', targets: [metrics.target] }],
    // An Alertmanager keeps an alert for four times as long: a machine that is busy for seconds must not end one.
    resendDelay: '10s',
    alertmanagers: [first.url, second.url],
    externalLabels: { region: 'eu', severity: 'never used, the rule has its own' },
    alertRelabel: [
      { action: 'labeldrop', regex: 'instance|job' },
      { source_labels: ['severity'], regex: 'page', target_label: 'severity', replacement: 'wake-up' },
    ],
    rules,
  })
  closing.use(prometheus)
})
afterAll(() => closing.disposeAsync())

test('an alert fires, and clears by an evaluation after the metric recovered', async () => {
  metrics.set('well', 0, { host: 'a' })
  const alert = await delivered('Ill', 'a')
  expect(alert.labels).toEqual({ alertname: 'Ill', host: 'a', region: 'eu', severity: 'wake-up', about: 'host a' })
  const sources = sourcesOf()
  const firing = await answered(sources, alert)
  expect(firing).toMatchObject({ firing: true, silencedBy: [], inhibitedBy: [], rule: { loaded: true, healthy: true } })
  expect(Math.abs(Date.now() - (firing.rule?.evaluatedAt ?? 0))).toBeLessThan(10_000)

  const other = { ...alert, labels: { ...alert.labels, host: 'b', about: 'host b' }, fingerprint: 'f'.repeat(16) }
  expect(await answered(sources, other)).toMatchObject({ firing: false, rule: { loaded: true } })

  metrics.set('well', 1, { host: 'a' })
  const recoveredAt = Date.now()
  const cleared = await waitFor(
    async () => {
      const answer = await answered(sources, alert)
      return !answer.firing && answer
    },
    { what: 'the alert to clear' },
  )
  expect(cleared.rule?.evaluatedAt).toBeGreaterThan(recoveredAt)
})

test('Prometheus alone tells a firing alert in spite of added, dropped and rewritten labels', async () => {
  metrics.set('well', 0, { host: 'b' })
  const alert = await delivered('Ill', 'b')
  expect(await answered(sourcesOf({ alertmanagers: [] }), alert)).toMatchObject({ firing: true })
  expect(await answered(sourcesOf({ prometheus: null }), alert)).toMatchObject({ firing: true, rule: null })
  metrics.set('well', 1, { host: 'b' })
})

test('a pending alert counts as active', async () => {
  metrics.set('slow', 1, { host: 'a' })
  const alert = { source: 'main', labels: { alertname: 'Slow', host: 'a' }, fingerprint: '0'.repeat(16), lastSeenAt: 0 }
  const sources = sourcesOf()
  const answer = await waitFor(
    async () => {
      const now = await answered(sources, alert)
      return now.firing && now
    },
    { what: 'the pending alert' },
  )
  expect(answer.detail).toBe('pending in Prometheus; known to 0 of 2 Alertmanagers')
})

test('a silence in one of two Alertmanagers silences, and an inhibition says by what', async () => {
  for (const name of ['big', 'small']) metrics.set(name, 1, { host: 'a' })
  const small = await delivered('Small', 'a')
  const big = await delivered('Big', 'a')
  const sources = sourcesOf()
  expect((await answered(sources, small)).inhibitedBy).toEqual([big.fingerprint])
  const id = await second.silence({ alertname: 'Big' })
  await waitFor(async () => (await answered(sources, big)).silencedBy.includes(id), { what: 'the silence to be seen' })
  expect(await answered(sources, big)).toMatchObject({ firing: true, silencedBy: [id], inhibitedBy: [] })

  const listed = await sources.list('main')
  if (!listed.ok) throw new Error(listed.reason)
  expect(listed.alerts.map(({ labels }) => labels.alertname)).not.toContain('Big')
  await second.amtool('silence', 'expire', id)
  for (const name of ['big', 'small']) metrics.set(name, 0, { host: 'a' })
})

test('a silence that Hepar set a moment ago is known for what it is, though the list of silences is older', async () => {
  await first.post([{ labels: { alertname: 'Loud' } }])
  const loud = await waitFor(async () => (await first.alerts()).find(({ labels }) => labels.alertname === 'Loud'), {
    what: 'the alert',
  })
  // A clock that hardly moves: what was fetched once stays young.
  let now = 1_000
  const slow = { now: () => now++ }
  const source = { name: 'main', alertmanagers: [peer(first.url)], prometheus: null }
  const sources = createSources(() => [source], { log: silentLog, clock: slow })
  const alert = { source: 'main', labels: loud.labels, fingerprint: loud.fingerprint, lastSeenAt: 0 }
  expect(await answered(sources, alert)).toMatchObject({ silencedBy: [], healingSilences: [] })
  const attempt = '01900000-0000-7000-8000-000000000001'
  const [silencer] = createSilencers(() => [source], { clock })('main')
  const made = await silencer!.set({
    id: null,
    attempt,
    target: 'service/x',
    labels: loud.labels,
    endsAt: Date.now() + 60_000,
  })
  if (!made.ok) throw new Error(made.reason)
  const later = await answered(sources, { ...alert, lastSeenAt: now })
  expect(later).toMatchObject({ firing: true, silencedBy: [], healingSilences: [{ id: made.id, attempt }] })
  await silencer!.expire(made.id)
  await first.post([{ labels: loud.labels, endsAt: new Date(Date.now() - 1_000).toISOString() }])
})

test('a list has what any Alertmanager knows, and nothing where there is none', async () => {
  metrics.set('well', 0, { host: 'a' })
  const alert = await delivered('Ill', 'a')
  const listed = await waitFor(
    async () => {
      const reply = await sourcesOf().list('main')
      return reply.ok && reply.alerts.length === 1 && reply.alerts
    },
    { what: 'a list of one alert' },
  )
  expect(listed[0]).toMatchObject({
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    status: 'firing',
    endsAt: null,
  })
  expect(Date.now() - (listed[0]?.startsAt ?? 0)).toBeLessThan(60_000)
  const alone = await sourcesOf({ prometheus: null }).list('main')
  expect(alone).toMatchObject({ ok: true, alerts: [{ fingerprint: alert.fingerprint }] })
  expect(await sourcesOf({ alertmanagers: [] }).list('main')).toEqual({ ok: true, alerts: [] })
})

test('an alert that Prometheus fires and no Alertmanager knows cannot be checked for inhibition', async () => {
  await using empty = await startAlertmanager()
  const alert = await delivered('Ill', 'a')
  const answer = await sourcesOf({ alertmanagers: [peer(empty.url)] }).ask(alert)
  expect(answer).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('inhibition cannot be checked') })
})

test('a rule that cannot be evaluated is loaded and not healthy; one that was removed is not loaded', async () => {
  const alert = (alertname: string): Asked => ({
    source: 'main',
    labels: { alertname },
    fingerprint: '1'.repeat(16),
    lastSeenAt: 0,
  })
  await prometheus.reload({ rules: `${rules}${brokenRule}` })
  const sources = sourcesOf()
  const broken = await waitFor(
    async () => {
      const answer = await answered(sources, alert('Broken'))
      return answer.rule?.evaluatedAt && answer
    },
    { what: 'the first evaluation of the broken rule' },
  )
  expect(broken).toMatchObject({ firing: false, rule: { loaded: true, healthy: false } })
  await prometheus.reload({ rules })
  await waitFor(async () => (await answered(sources, alert('Broken'))).rule?.loaded === false, { what: 'the removal' })
  expect((await answered(sources, alert('Broken'))).rule).toEqual({ loaded: false, healthy: false, evaluatedAt: null })
})

test('a source without oracles, or none at all, is not applicable', async () => {
  const alert = { source: 'main', labels: { alertname: 'Ill' }, fingerprint: '2'.repeat(16), lastSeenAt: 0 }
  const none = sourcesOf({ alertmanagers: [], prometheus: null })
  expect(none.names()).toEqual(['main'])
  expect(await none.ask(alert)).toMatchObject({ kind: 'not_applicable' })
  expect(await none.ask({ ...alert, source: 'elsewhere' })).toMatchObject({ kind: 'not_applicable' })
  expect(await none.list('elsewhere')).toMatchObject({ ok: false })
  expect(await none.query('main', 'up')).toMatchObject({
    ok: false,
    reason: 'source "main" has no Prometheus to query',
  })
})

// Last, because they take parts of the world away.
test('one Alertmanager away is no obstacle, all away are', async () => {
  const alert = await delivered('Ill', 'a')
  await second.kill()
  expect(await answered(sourcesOf(), alert)).toMatchObject({ firing: true })
  expect((await answered(sourcesOf(), alert)).detail).toContain('known to 1 of 1 Alertmanagers, 1 did not answer')
  expect(await sourcesOf().list('main')).toMatchObject({ ok: true, alerts: [{ fingerprint: alert.fingerprint }] })
  const unknown = { source: 'main', labels: { alertname: 'Nobody' }, fingerprint: '3'.repeat(16), lastSeenAt: 0 }
  expect(await sourcesOf({ prometheus: null }).ask(unknown)).toMatchObject({ kind: 'unavailable' })
  await first.kill()
  expect(await sourcesOf().ask(alert)).toMatchObject({
    kind: 'unavailable',
    reason: expect.stringContaining('ECONNREFUSED'),
  })
})

test('Prometheus away makes the answer unavailable, even though Alertmanager answers', async () => {
  await first.restart()
  await first.post([{ labels: { alertname: 'Ill', host: 'a' } }])
  await prometheus.kill()
  const alert = { source: 'main', labels: { alertname: 'Ill', host: 'a' }, fingerprint: '4'.repeat(16), lastSeenAt: 0 }
  const answer = await sourcesOf().ask(alert)
  expect(answer).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining(prometheus.url) })
  expect(await sourcesOf().list('main')).toMatchObject({ ok: false })
  expect(await answered(sourcesOf({ prometheus: null, alertmanagers: [peer(first.url)] }), alert)).toMatchObject({
    firing: true,
  })
})
