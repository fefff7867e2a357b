import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import { HeparError } from '../../src/engine/errors.ts'
import { fakeWorld, source } from './fake-parts.ts'
import { json, serve } from './serve.ts'

const path = '/webhook/alertmanager'
const alert = {
  status: 'firing',
  labels: { alertname: 'ContainerUnhealthy', name: 'web' },
  annotations: { summary: 'web is unhealthy' },
  startsAt: '2026-11-22T03:18:51.632Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: '75dacf5140ff38f8',
}
const body = {
  version: '4',
  receiver: 'hepar',
  groupKey: '{}:{}',
  groupLabels: {},
  externalURL: 'http://am:9093',
  alerts: [alert],
}

function post(text: string | Buffer, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text }
}

test('a delivery as Alertmanager sends it is answered 200 with one decision per alert', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const captured = JSON.parse(readFileSync(new URL('./captured-delivery.json', import.meta.url), 'utf8')) as unknown
  const raw = JSON.stringify(captured)
  const answer = await ask(path, post(raw, { 'User-Agent': 'Alertmanager/0.25.0' }))
  expect(answer.status).toBe(200)
  expect(answer.body.decisions).toHaveLength(2)
  const { delivery, by } = world.received[0]!
  expect(by).toBe('webhook:local')
  expect(delivery.digest).toBe(createHash('sha256').update(raw).digest('hex'))
  expect(delivery).toMatchObject({ source: 'default', via: 'webhook', receiver: 'hepar', truncatedAlerts: 0 })
  expect(delivery.alerts.map((parsed) => parsed.ok && [parsed.alert.status, parsed.alert.endsAt])).toEqual([
    ['resolved', Date.parse('2026-11-22T03:19:21.632Z')],
    ['firing', null],
  ])
  expect(world.deliveries).toMatchObject([{ code: 200 }])
})

test.each([
  ['broken JSON', '{"alerts": [', 400, 'invalid_json'],
  ['a NUL byte', '{"alerts": [\0]}', 400, 'invalid_json'],
  ['an empty body', '', 400, 'invalid_json'],
  ['a body that is no object', '[]', 400, 'invalid_body'],
  ['a body that is null', 'null', 400, 'invalid_body'],
  ['alerts that are no list', '{"version": "4", "alerts": {}}', 400, 'invalid_body'],
  ['alerts missing', '{"version": "4"}', 400, 'invalid_body'],
  ['group labels of a wrong type', '{"version": "4", "alerts": [], "groupLabels": [1]}', 400, 'invalid_body'],
  ['a negative count', '{"version": "4", "alerts": [], "truncatedAlerts": -1}', 400, 'invalid_body'],
])('%s can never succeed and is answered 400', async (_, text, status, code) => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const answer = await ask(path, post(text))
  expect(answer).toMatchObject({ status, body: { error: { code } } })
  expect((answer.body.error as { next: string }).next).not.toBe('')
  expect(world.received).toEqual([])
  expect(world.deliveries).toMatchObject([{ code: 400 }])
})

test('bytes that are not UTF-8 are answered 400', async () => {
  const { ask } = await serve(fakeWorld())
  const raw = Buffer.concat([Buffer.from('{"alerts":[],"receiver":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
  expect(await ask(path, post(raw))).toMatchObject({ status: 400, body: { error: { code: 'invalid_utf8' } } })
})

test.each([
  ['no content type', {}],
  ['text', { 'Content-Type': 'text/plain' }],
  ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
])('%s is answered 415', async (_, headers) => {
  const { ask } = await serve(fakeWorld())
  const init = { method: 'POST', headers: headers as Record<string, string>, body: Buffer.from('{"alerts":[]}') }
  expect((await ask(path, init)).status).toBe(415)
})

test('a compressed body is answered 415, whatever is inside', async () => {
  const { ask } = await serve(fakeWorld())
  const raw = gzipSync(JSON.stringify(body))
  expect((await ask(path, post(raw, { 'Content-Encoding': 'gzip' }))).status).toBe(415)
  expect((await ask(path, post(JSON.stringify(body), { 'Content-Encoding': 'identity' }))).status).toBe(200)
})

test('a bad alert is rejected by itself and its neighbours are taken in', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const bad = [
    { ...alert, fingerprint: undefined },
    { ...alert, fingerprint: 'a b' },
    { ...alert, status: 'pending' },
    { ...alert, labels: { n: 1 } },
    { ...alert, labels: null },
    { ...alert, annotations: { deep: { er: 'x' } } },
    { ...alert, startsAt: 'yesterday' },
    { ...alert, status: 'resolved', endsAt: '2026-99-99T00:00:00Z' },
    { ...alert, labels: { n: '\ud800' } },
    { ...alert, labels: { n: 'x\0y' } },
    'nonsense',
    null,
  ]
  const answer = await ask(path, json({ ...body, alerts: [alert, ...bad, { ...alert, fingerprint: 'bb' }] }))
  expect(answer.status).toBe(200)
  const decisions = answer.body.decisions as { decision: string; reason: string }[]
  expect(decisions.map(({ decision }) => decision)).toEqual(['matched', ...bad.map(() => 'rejected'), 'matched'])
  expect(decisions.every(({ reason }) => reason.length > 0)).toBe(true)
})

test('labels named __proto__ and constructor are labels like any other', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const text = JSON.stringify(body).replace('"name":"web"', '"__proto__":"a","constructor":"b"')
  expect((await ask(path, post(text))).status).toBe(200)
  const parsed = world.received[0]!.delivery.alerts[0]!
  expect(parsed.ok && Object.entries(parsed.alert.labels)).toEqual([
    ['alertname', 'ContainerUnhealthy'],
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  expect(({} as { a?: unknown }).a).toBeUndefined()
})

test('too many labels, or one too long, reject the alert alone', async () => {
  const world = fakeWorld({ limits: { ...defaultLimits, labelsPerAlertMax: 3, labelValueBytesMax: 20 } })
  const { ask } = await serve(world)
  const small = { ...alert, labels: { a: '1' }, annotations: {}, generatorURL: '' }
  const many = { ...small, labels: { a: '1', b: '2', c: '3', d: '4' } }
  const long = { ...small, labels: { a: '123456789012345678901' } }
  const answer = await ask(path, json({ ...body, alerts: [small, many, long] }))
  expect((answer.body.decisions as { decision: string }[]).map(({ decision }) => decision)).toEqual([
    'matched',
    'rejected',
    'rejected',
  ])
})

/** The key as it is written in hepar.yaml, and not a longer one that begins like it. */
const naming = (key: string) => expect.stringMatching(new RegExp(`${key.replace('.', '\\.')} in hepar\\.yaml`))

test('more alerts than the limit are answered 413', async () => {
  const world = fakeWorld({ limits: { ...defaultLimits, alertsPerDeliveryMax: 2 } })
  const { ask } = await serve(world)
  const answer = await ask(path, json({ ...body, alerts: [alert, alert, alert] }))
  expect(answer).toMatchObject({ status: 413, body: { error: { next: naming('limits.alertsPerDelivery') } } })
})

test('ten thousand alerts are taken in', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const alerts = Array.from({ length: 10_000 }, (_, index) => ({ ...alert, fingerprint: `f${index}` }))
  const answer = await ask(path, json({ ...body, alerts }))
  expect(answer.status).toBe(200)
  expect(answer.body.decisions).toHaveLength(10_000)
})

test('millions of nested brackets crash nothing', async () => {
  const { ask } = await serve(fakeWorld())
  const nested = (depth: number) => {
    const extra = '['.repeat(depth) + ']'.repeat(depth)
    return ask(path, post(`{"version": "4", "alerts": [${JSON.stringify(alert)}], "extra": ${extra}}`))
  }
  expect((await nested(900_000)).status).toBe(200)
  expect((await nested(4_000_000)).status).toBe(413)
  expect((await ask('/livez')).status).toBe(200)
})

test('what is no HTTP request is told so, not to hurry', async () => {
  const { port } = await serve(fakeWorld())
  const answer = await rawAnswer(port, `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n`)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('not a complete HTTP/1.1 request')
  expect(answer).not.toContain('quicker')
})

test('a body announced too large is refused before it is read', async () => {
  const world = fakeWorld()
  const { port } = await serve(world)
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`
  expect(await rawAnswer(port, head)).toMatch(/^HTTP\/1\.1 413 /)
})

test('40 MB are answered 413 and the sender can read the answer', async () => {
  const { ask } = await serve(fakeWorld())
  const raw = Buffer.alloc(40 * 1024 * 1024, ' ')
  const answer = await ask(path, post(raw))
  expect(answer).toMatchObject({ status: 413, body: { error: { next: naming('limits.body') } } })
})

test('a chunked body is cut at the limit, and a sender who goes on is disconnected', async () => {
  const limits = { ...defaultLimits, bodyBytesMax: 100_000 }
  const { port } = await serve(fakeWorld({ limits }), { lingerMs: 200 })
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data.toString()
  })
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.write(head)
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
  const timer = setInterval(() => socket.write(chunk.repeat(10)), 5)
  await ended
  clearInterval(timer)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
})

test('a body that never ends is cut by the time limit', async () => {
  const { port } = await serve(fakeWorld(), { requestTimeoutMs: 600, headersTimeoutMs: 500 })
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"al`
  expect(await rawAnswer(port, head)).toMatch(/^HTTP\/1\.1 408 /)
})

test('headers larger than the limit are answered 431', async () => {
  const { port } = await serve(fakeWorld())
  const head = `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`
  expect(await rawAnswer(port, head)).toMatch(/^HTTP\/1\.1 431 /)
})

test.each(['starting', 'stopping'] as const)('while %s, deliveries get 503 so that they come again', async (phase) => {
  const world = fakeWorld()
  world.phase = phase
  const { ask } = await serve(world)
  expect((await ask(path, json(body))).status).toBe(503)
  expect(world.received).toEqual([])
})

test('the answer waits until the decisions are committed', async () => {
  const world = fakeWorld()
  const committed = Promise.withResolvers<void>()
  world.commit = committed.promise
  const { ask } = await serve(world)
  let answered = false
  const asking = ask(path, json(body)).finally(() => {
    answered = true
  })
  await expect.poll(() => world.received).toHaveLength(1)
  // Another request goes through meanwhile: an answer that did not wait would be here, too.
  expect((await ask('/livez')).status).toBe(200)
  expect(answered).toBe(false)
  committed.resolve()
  expect((await asking).status).toBe(200)
})

test('more bodies at once than memory is meant for get 503, so that they come again', async () => {
  const world = fakeWorld({ limits: { ...defaultLimits, bodyBytesMax: 100_000 } })
  const { ask, port } = await serve(world, { bodiesHeldMax: 1 })
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99000\r\n\r\n`
  const slow = connect(port, '127.0.0.1')
  slow.write(head + ' '.repeat(98_000))
  const padded = post(JSON.stringify(body) + ' '.repeat(50_000))
  await expect.poll(async () => (await ask(path, padded)).status).toBe(503)
  slow.destroy()
  await expect.poll(async () => (await ask(path, padded)).status).toBe(200)
})

test.each([
  ['the store being away', new HeparError('store_unavailable', 'disk full')],
  ['a bug', new TypeError('undefined is not a function')],
])('%s is answered 503, never 4xx', async (_, failure) => {
  const world = fakeWorld()
  world.failure = failure
  const { ask } = await serve(world)
  const answer = await ask(path, json(body))
  expect(answer.status).toBe(503)
  expect(JSON.stringify(answer.body)).not.toContain('undefined is not')
  expect(world.deliveries).toMatchObject([{ code: 503 }])
})

test('the source is the one named, the only one, or the one at the external URL', async () => {
  const world = fakeWorld({ sources: [source('a', 'http://am-a:9093'), source('b', 'http://am-b:9093/am/')] })
  const { ask } = await serve(world)
  await ask(`${path}?source=a`, json(body))
  await ask(path, json({ ...body, externalURL: 'http://am-b:9093/am' }))
  expect(world.received.map(({ delivery }) => delivery.source)).toEqual(['a', 'b'])
  for (const wrong of [`${path}?source=c`, path]) {
    const answer = await ask(wrong, json({ ...body, externalURL: 'http://elsewhere' }))
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain('a, b')
  }
})

function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.once('data', (data) => {
      resolve(data.toString())
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
