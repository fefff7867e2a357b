import { expect, test } from 'vitest'
import { createSources } from '../../../src/adapters/sources/sources.ts'
import type { Peer, Source } from '../../../src/domain/config.ts'
import { secret } from '../../../src/domain/secret.ts'
import { type Answer, type Sink, type SinkRequest, startSink } from '../../kit/sink.ts'

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }
const password = 'correct-horse-battery-staple'
const alert = {
  source: 'main',
  labels: { alertname: 'Ill', host: 'a' },
  fingerprint: '1234567890abcdef',
  lastSeenAt: 0,
}

function sourcesOf(change: Partial<Source>, now = () => Date.now()) {
  const source = { name: 'main', alertmanagers: [], prometheus: null, ...change }
  const bounds = { timeoutMs: 300, bytesMax: 100_000 }
  return createSources(() => [source], { log: silentLog, clock: { now }, bounds })
}

const peer = (sink: Sink, more: Partial<Peer> = {}): Peer => ({ url: sink.url, headers: {}, ...more })
const json = (body: unknown, headers = {}): Answer => ({ body: JSON.stringify(body), headers })

/** A Prometheus of one rule, as far as its API goes. */
function prometheusLike(evaluatedAt: Date, headers: Record<string, string> = {}) {
  return ({ path }: SinkRequest): Answer => {
    if (path.startsWith('/api/v1/status/config'))
      return json({ status: 'success', data: { yaml: 'global: {}\n' } }, headers)
    const lastEvaluation = evaluatedAt.toISOString()
    const rule = { type: 'alerting', name: 'Ill', health: 'ok', lastEvaluation, labels: {}, alerts: [] }
    return json({ status: 'success', data: { groups: [{ lastEvaluation, rules: [rule] }] }, unknownKey: 1 }, headers)
  }
}

const unhelpful: readonly (readonly [string, Answer, RegExp])[] = [
  ['hangs before its answer', { hang: 'before' }, /no complete answer within 300 ms/],
  ['hangs within its answer', { body: '{"status":', hang: 'after' }, /no complete answer within 300 ms/],
  ['cuts the connection', { hang: 'reset' }, /socket hang up|ECONNRESET/],
  ['answers without end', { body: `[${'1,'.repeat(100_000)}1]` }, /longer than 100000 bytes/],
  ['answers with a page', { body: '<html>welcome</html>' }, /not JSON; is this the right URL/],
  ['answers with other JSON', { body: '{"status":"success","data":[]}' }, /another shape than expected/],
  ['refuses', { code: 401, body: `no: Bearer ${password}` }, /HTTP 401, check the credentials/],
  ['redirects', { code: 302, headers: { location: 'http://127.0.0.1:9/' } }, /HTTP 302, redirects are not followed/],
]

for (const [what, answer, reason] of unhelpful) {
  test(`a Prometheus or Alertmanager that ${what} makes the answer unavailable, and its secret stays secret`, async () => {
    await using sink = await startSink({ answer })
    const asked = peer(sink, { bearer: secret(password) })
    for (const change of [{ prometheus: asked }, { alertmanagers: [asked] }]) {
      const startedAt = performance.now()
      const sources = sourcesOf(change)
      const answered = await sources.ask(alert)
      expect(answered).toMatchObject({ kind: 'unavailable', reason: expect.stringMatching(reason) })
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      const queried = await sources.query('main', 'up')
      const listed = await sources.list('main')
      expect(JSON.stringify([answered, queried, listed])).not.toContain(password)
    }
    expect(sink.requests[0]?.headers.authorization).toBe(`Bearer ${password}`)
  })
}

test('where Alertmanagers are configured and none answers, Prometheus alone is not enough', async () => {
  await using sink = await startSink({ answer: prometheusLike(new Date()) })
  await using away = await startSink({ answer: { code: 503 } })
  const prometheus = peer(sink)
  expect(await sourcesOf({ prometheus }).ask(alert)).toMatchObject({ kind: 'answered' })
  const both = sourcesOf({ prometheus, alertmanagers: [peer(away)] })
  expect(await both.ask(alert)).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('HTTP 503') })
  expect(await both.list('main')).toMatchObject({ ok: false })
})

test('an Alertmanager that lists its alerts and not its silences is not enough', async () => {
  await using sink = await startSink({ answer: ({ path }) => (path.includes('/silences') ? { code: 500 } : json([])) })
  const answer = await sourcesOf({ alertmanagers: [peer(sink)] }).ask(alert)
  expect(answer).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('HTTP 500') })
})

test('a hundred questions at once cost one request for each list', async () => {
  await using sink = await startSink({ answer: prometheusLike(new Date()) })
  let now = 1_000_000
  const sources = sourcesOf({ prometheus: peer(sink) }, () => now)
  const many = () => Promise.all(Array.from({ length: 100 }, () => sources.ask(alert)))
  const answers = await many()
  expect(answers.every(({ kind }) => kind === 'answered')).toBe(true)
  expect(sink.requests).toHaveLength(2)
  now += 999
  await many()
  expect(sink.requests).toHaveLength(2)
  now += 1
  await many()
  expect(sink.requests).toHaveLength(4)
})

test('an evaluation by a clock that is ahead of ours is told in our time', async () => {
  const ahead = 90_000
  const theirs = new Date(Date.now() + ahead)
  await using sink = await startSink({ answer: prometheusLike(theirs, { date: theirs.toUTCString() }) })
  const answer = await sourcesOf({ prometheus: peer(sink) }).ask(alert)
  const evaluatedAt = answer.kind === 'answered' ? answer.rule?.evaluatedAt : null
  expect(evaluatedAt).toBeLessThanOrEqual(Date.now())
  expect(evaluatedAt).toBeGreaterThan(Date.now() - 3_000)
})

test('an incomplete list of rules is no list', async () => {
  const answer = json({ status: 'success', data: { groups: [] }, warnings: ['one store is away'] })
  await using sink = await startSink({ answer })
  const asked = await sourcesOf({ prometheus: peer(sink) }).ask(alert)
  expect(asked).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('one store is away') })
})

test('labels called __proto__ are labels', async () => {
  const text = `[{"fingerprint":"${alert.fingerprint}","labels":{"alertname":"Ill","__proto__":"x","host":"a"},"annotations":{},
    "startsAt":"2026-01-01T00:00:00.000Z","status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}]`
  await using sink = await startSink({ answer: ({ path }) => ({ body: path.includes('/silences') ? '[]' : text }) })
  const listed = await sourcesOf({ alertmanagers: [peer(sink)] }).list('main')
  const [found] = listed.ok ? listed.alerts : []
  expect(Object.entries(found?.labels ?? {})).toContainEqual(['__proto__', 'x'])
})
