import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSources } from '../../../src/adapters/sources/sources.ts'
import { type MetricsSource, startMetricsSource } from '../../kit/metrics-source.ts'
import { type Prometheus, startPrometheus } from '../../kit/prometheus.ts'
import { waitFor } from '../../kit/wait.ts'

const closing = new AsyncDisposableStack()
const silentLog = { debug() {}, info() {}, warn() {}, error() {} }
let metrics: MetricsSource
let prometheus: Prometheus

const scrape = () => [{ job: 'thing', targets: [metrics.target] }]

async function query(promql: string) {
  const source = { name: 'main', alertmanagers: [], prometheus: { url: prometheus.url, headers: {} } }
  const clock = { now: () => Date.now() }
  return createSources(() => [source], { log: silentLog, clock }).query('main', promql)
}

async function samples(promql: string) {
  const reply = await query(promql)
  if (!reply.ok) throw new Error(reply.reason)
  return reply.samples
}

/** What Prometheus says by itself: value and time of an instant query. */
async function naive(promql: string): Promise<readonly { value: [number, string] }[]> {
  const { data } = await prometheus.get(`/api/v1/query?query=${encodeURIComponent(promql)}`)
  return (data as { result: { value: [number, string] }[] }).result
}

beforeAll(async () => {
  metrics = closing.use(await startMetricsSource())
  for (const host of ['a', 'b']) metrics.set('well', 1, { host })
  metrics.set('requests_total', 7)
  prometheus = await startPrometheus({
    scrape: scrape(),
    rules:
      'groups: [{ name: g, rules: [{ record: "thing:well:min", expr: min(well) }, { alert: Ill, expr: well == 0 }] }]',
  })
  closing.use(prometheus)
  await waitFor(async () => (await naive('count_over_time(well{host="a"}[1m]) > 3')).length > 0, {
    what: 'four scrapes',
  })
})
afterAll(() => closing.disposeAsync())

test('a sample carries the time of its scrape, not of the evaluation', async () => {
  const before = Date.now()
  const [sample, ...more] = await samples('well{host="a"} == 1')
  expect(more).toEqual([])
  expect(sample).toMatchObject({ value: 1, labels: { __name__: 'well', host: 'a', job: 'thing' } })
  expect(Object.keys(sample?.labels ?? {})).not.toContain('hepar_part__')
  const [scraped] = await naive('timestamp(well{host="a"})')
  expect(sample?.at).toBeLessThanOrEqual(Number(scraped?.value[1]) * 1_000)
  expect(sample?.at).toBeGreaterThan(before - 5_000)
})

test('a condition that does not hold has no samples, scalars and negations have one', async () => {
  expect(await samples('well{host="a"} == 0')).toEqual([])
  expect(await samples('nothing_like_it == 0')).toEqual([])
  expect(await samples('scalar(well{host="a"}) + 1')).toMatchObject([{ value: 2 }])
  expect(await samples('-sum(well) # of both')).toMatchObject([{ value: -2 }])
  expect(await samples('sum(well) / 0')).toMatchObject([{ value: Number.POSITIVE_INFINITY }])
})

test('a window counts from its beginning', async () => {
  const [sample] = await samples('count_over_time(well{host="a"}[2s]) > 0')
  const age = Date.now() - (sample?.at ?? 0)
  expect(age).toBeGreaterThanOrEqual(2_000)
  expect(age).toBeLessThan(6_000)
})

test('what rules write about the past is refused', async () => {
  for (const promql of ['thing:well:min == 1', 'well == 1 and on () ALERTS == 0']) {
    expect(await query(promql)).toEqual({ ok: false, reason: expect.stringContaining('is written by a rule') })
  }
})

test('a selector that has no sample leaves the age of the whole unknown', async () => {
  const reply = await query('well{host="a"} == 1 unless nothing_like_it')
  expect(reply).toEqual({ ok: false, reason: 'nothing_like_it has no sample now, so its age cannot be told' })
})

test('a query that Prometheus refuses, or that is not one, has a reason', async () => {
  expect(await query('well ==')).toEqual({ ok: false, reason: 'the query is not valid PromQL' })
  expect(await query('rate(well)')).toMatchObject({
    ok: false,
    reason: expect.stringContaining('HTTP 400'),
  })
  expect(await query(`well{host="${'x'.repeat(9_000)}"}`)).toMatchObject({ ok: false })
})

test('the samples of a target that is gone keep their age, though Prometheus still answers with them as of now', async () => {
  const goneAt = Date.now()
  // Killed and started without the target, Prometheus has nobody who would mark the series as stale.
  await prometheus.kill()
  await prometheus.restart({ change: { scrape: [] } })
  await waitFor(() => Date.now() > goneAt + 2_000, { what: 'two seconds', deadlineMs: 10_000 })
  const [said] = await naive('well{host="a"} == 1')
  expect(said?.value[0]).toBeGreaterThan(goneAt / 1_000)
  const [sample] = await samples('well{host="a"} == 1')
  expect(sample?.at).toBeLessThanOrEqual(goneAt)
  expect((await samples('min(well) == 1'))[0]?.at).toBeLessThanOrEqual(goneAt)
})

test('one old series makes all that is computed with it old', async () => {
  const goneAt = Date.now()
  metrics.set('well', null, { host: 'a' })
  metrics.set('fresh', 1)
  await prometheus.restart({ change: { scrape: scrape() } })
  await waitFor(async () => ((await samples('fresh'))[0]?.at ?? 0) > goneAt, { what: 'a fresh sample' })
  expect((await samples('well{host="b"}'))[0]?.at).toBeGreaterThan(goneAt)
  expect((await samples('well'))[0]?.at).toBeLessThanOrEqual(goneAt)
  expect((await samples('fresh and on () well{host="a"}'))[0]?.at).toBeLessThanOrEqual(goneAt)
})

test('a target that dies under a running Prometheus leaves no sample', async () => {
  await metrics.die()
  await waitFor(async () => (await samples('fresh')).length === 0, { what: 'the series to be marked as stale' })
  await metrics.revive()
})
