import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { decidedIn } from '../kit/decided.ts'
import { type Answered, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { connectRaw, type RawConnection, webhookHead } from '../kit/raw-http.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Alerts named Ill open incidents that settle for an hour, so that deciding is all that happens. */
const rules = {
  'settle.yaml': `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Ill }] }
target: service/{{ labels.name }}
settle: 1h
steps: [{ escalate: nobody }]
`,
}
const config = {
  notify: { nobody: { url: 'http://127.0.0.1:9/' } },
  docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } },
}
const bytesMax = 16 * 1024 * 1024

const stack = new AsyncDisposableStack()
let hepar: Hepar
let pid: number
let slow: { readonly body: RawConnection; readonly head: RawConnection }
/** What this file was answered: how often each code, and every decision of a 200. */
const codes: Record<number, number> = {}
const told: Record<string, number> = {}

beforeAll(async () => {
  const folder = stack.use(await tempFolder('bodies'))
  hepar = stack.use(await startHepar({ folder: folder.path, rules, config }))
  pid = hepar.pid()
  // These two meet a time limit of many seconds, which the other tests need not wait for.
  slow = { body: connectRaw(hepar.url), head: connectRaw(hepar.url) }
  slow.body.socket.write(`${webhookHead('Content-Length: 100')}{"version": "4", `)
  slow.head.socket.write(webhookHead().slice(0, -4))
})
afterAll(() => stack.disposeAsync())

async function post(body: unknown, headers?: Record<string, string>) {
  const answer = await hepar.post(body, headers)
  const decisions = answer.status === 200 ? (answer.json as Answered).decisions : []
  count(answer.status, decisions)
  const { error } = (answer.json ?? {}) as { error?: { code: string; message: string; next: string } }
  return { status: answer.status, decisions, error }
}

function count(code: number, decisions: readonly { readonly decision: string }[]): void {
  codes[code] = (codes[code] ?? 0) + 1
  for (const { decision } of decisions) told[decision] = (told[decision] ?? 0) + 1
}

const good = () => writtenAlert({ alertname: 'Other', name: 'good' })
const text = (alert: unknown) => JSON.stringify(writtenDelivery([alert]))

test.each<[string, string | Uint8Array, number, string, Record<string, string>?]>([
  ['nothing', '', 400, 'invalid_json'],
  ['broken JSON', '{"version": "4", "alerts": [', 400, 'invalid_json'],
  ['two documents', `${text(good())}${text(good())}`, 400, 'invalid_json'],
  ['a raw NUL', '{"version": "4", "alerts": [\0]}', 400, 'invalid_json'],
  [
    'bytes that are not UTF-8',
    Buffer.from('{"version":"4","receiver":"\xff","alerts":[]}', 'latin1'),
    400,
    'invalid_utf8',
  ],
  ['an unclosed depth of nearly a million', `{"version":"4","alerts":${'['.repeat(9e5)}`, 400, 'invalid_json'],
  ['an unclosed depth of eight million', `{"version":"4","alerts":${'['.repeat(8e6)}`, 413, 'too_complex'],
  ['a number as body', '4', 400, 'invalid_body'],
  ['another version', '{"version": "3", "alerts": []}', 400, 'invalid_body'],
  ['an inherited version', '{"__proto__": {"version": "4", "alerts": []}}', 400, 'invalid_body'],
  ['half a million empty alerts', `{"version":"4","alerts":[{}${',{}'.repeat(5e5)}]}`, 413, 'too_many_alerts'],
  ['five million empty alerts', `{"version":"4","alerts":[{}${',{}'.repeat(5e6)}]}`, 413, 'too_complex'],
  ['40 MB', Buffer.alloc(40 * 1024 * 1024, ' '), 413, 'too_large'],
  ['gzip', gzipSync(text(good())), 415, 'unsupported_encoding', { 'content-encoding': 'gzip' }],
  ['text', text(good()), 415, 'unsupported_type', { 'content-type': 'text/plain' }],
  ['a form', 'version=4', 415, 'unsupported_type', { 'content-type': 'application/x-www-form-urlencoded' }],
])('%s is refused with what is documented and a next step', async (_, body, status, code, headers) => {
  const answer = await post(body, headers)
  expect(answer).toMatchObject({ status, error: { code, message: expect.any(String) } })
  expect(answer.error?.next).toMatch(/\w/)
})

const junk: readonly unknown[] = [null, 7, true, 'x', [], {}, [[]], { a: { b: 1 } }]
const allows = (...values: readonly unknown[]) => values.map((value) => JSON.stringify(value))

test.each([
  ['version', []],
  ['alerts', allows([], [[]])],
  ['receiver', allows(null, 'x')],
  ['groupKey', allows(null, 'x')],
  ['externalURL', allows(null, 'x')],
  ['groupLabels', allows(null, {})],
  ['truncatedAlerts', allows(null, 7)],
  ['commonLabels', allows(...junk)],
  ['status', allows(...junk)],
])('the wrong type in the envelope: %s', async (key, allowed) => {
  for (const value of junk) {
    const { status, decisions, error } = await post(writtenDelivery([good()], { [key]: value }))
    const accepted = allowed.includes(JSON.stringify(value))
    expect([value, status]).toEqual([value, accepted ? 200 : 400])
    if (!accepted) expect(error).toMatchObject({ code: 'invalid_body', message: expect.stringContaining(key) })
    else if (key === 'alerts')
      expect(decisions.map(({ decision }) => decision)).toEqual((value as []).map(() => 'rejected'))
    else expect(decisions).toHaveLength(1)
  }
})

test.each([
  ['fingerprint', allows('x')],
  ['status', []],
  ['labels', allows({})],
  ['annotations', allows(null, {})],
  ['startsAt', []],
  ['endsAt', allows(null)],
  ['generatorURL', allows(null, 'x')],
  ['values', allows(...junk)],
])('the wrong type in an alert rejects it alone: %s', async (key, allowed) => {
  for (const value of junk) {
    const odd = { ...writtenAlert({ alertname: 'Other', odd: `${key} ${JSON.stringify(value)}` }), [key]: value }
    const { status, decisions } = await post(writtenDelivery([good(), odd, good()]))
    expect(status).toBe(200)
    const [before, decided, after] = decisions
    const rejected = !allowed.includes(JSON.stringify(value))
    expect([value, decided?.decision === 'rejected']).toEqual([value, rejected])
    if (rejected) expect(decided?.reason).toContain(key)
    expect([before?.decision, after?.decision]).not.toContain('rejected')
  }
})

test('48 good and 2 bad alerts: 48 are decided, 2 rejected with their reasons', async () => {
  const alerts: unknown[] = Array.from({ length: 48 }, (_, index) =>
    writtenAlert({ alertname: 'Ill', name: `a${index}` }),
  )
  alerts.splice(7, 0, { ...good(), fingerprint: 'has a space' })
  alerts.splice(31, 0, { ...good(), labels: { name: 7 } })
  const { status, decisions } = await post(writtenDelivery(alerts))
  expect(status).toBe(200)
  expect(decisions.filter(({ decision }) => decision === 'matched')).toHaveLength(48)
  expect(decisions[7]).toMatchObject({ decision: 'rejected', reason: expect.stringContaining('fingerprint') })
  expect(decisions[31]).toMatchObject({ decision: 'rejected', reason: expect.stringContaining('"name" must be text') })
  const opened = await hepar.call('GET', '/api/v1/incidents?limit=500&playbook=settle')
  expect(opened.json.incidents).toHaveLength(48)
})

test('labels named __proto__ and constructor are labels, and nothing inherits from them', async () => {
  const odd = text(writtenAlert({ alertname: 'Other', first: 'polluted', second: 'polluted' }))
    .replace('"first"', '"__proto__"')
    .replace('"second"', '"constructor"')
  expect(await post(odd)).toMatchObject({ status: 200, decisions: [{ decision: 'unmatched' }] })
  const { alerts } = (await hepar.call('GET', '/api/v1/alerts?limit=500')).json as {
    alerts: { labels: Record<string, string> }[]
  }
  const names = alerts.map(({ labels }) => Object.keys(labels)).find((keys) => keys.includes('__proto__'))
  expect(names?.sort()).toEqual(['__proto__', 'alertname', 'constructor'])
  const inherited = text({ ...writtenAlert({ alertname: 'Other' }), labels: undefined }).replace(
    '"annotations"',
    '"__proto__":{"labels":{"alertname":"Ill","name":"inherited"}},"annotations"',
  )
  expect(await post(inherited)).toMatchObject({ status: 200, decisions: [{ decision: 'rejected' }] })
})

test.each([
  ['NUL', 'a\\u0000b'],
  ['a lone high surrogate', 'a\\ud83db'],
  ['a lone low surrogate', '\\ude00'],
])('%s in a name or value rejects the alert alone', async (_, escaped) => {
  const value = text(writtenAlert({ alertname: 'Ill', name: 'HERE' })).replace('HERE', escaped)
  const name = text(writtenAlert({ alertname: 'Ill', name: 'web', HERE: 'x' })).replace('HERE', escaped)
  for (const body of [value, name]) {
    expect(await post(body)).toMatchObject({ status: 200, decisions: [{ decision: 'rejected' }] })
  }
})

test('depth in a known field rejects the alert, in an unknown one it is not even looked at', async () => {
  const deep = `${'['.repeat(9e5)}${']'.repeat(9e5)}`
  expect(await post(`{"version":"4","extra":${deep},"alerts":[${JSON.stringify(good())}]}`)).toMatchObject({
    status: 200,
  })
  const labels = text({ ...good(), labels: 'HERE' }).replace('"HERE"', deep)
  expect(await post(labels)).toMatchObject({ status: 200, decisions: [{ decision: 'rejected' }] })
})

test('after a refused body of 40 MB the same connection takes the next delivery', async () => {
  const raw = connectRaw(hepar.url)
  const large = Buffer.alloc(40 * 1024 * 1024, ' ')
  raw.socket.write(webhookHead(`Content-Length: ${large.length}`))
  raw.socket.write(large)
  await waitFor(() => raw.received().includes('"too_large"'), { what: 'the refusal' })
  const next = text(good())
  raw.socket.write(`${webhookHead(`Content-Length: ${next.length}`, 'Connection: close')}${next}`)
  const answers = (await raw.closed).split(/^(?=HTTP)/m)
  expect(answers.map((answer) => answer.slice(0, 12))).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  const { decisions } = JSON.parse(answers[1]!.slice(answers[1]!.indexOf('{'))) as Answered
  count(413, [])
  count(200, decisions)
})

test('what is no proper request is refused on the connection alone', async () => {
  const endless = connectRaw(hepar.url)
  endless.socket.write(webhookHead('Transfer-Encoding: chunked'))
  const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`
  const pouring = setInterval(() => endless.socket.writableNeedDrain || endless.socket.write(chunk), 2)
  const cases: [string, RegExp][] = [
    [`${webhookHead(`X-Long: ${'x'.repeat(40_000)}`)}`, /^HTTP\/1\.1 431 /],
    [webhookHead('Content-Length: 5', 'Transfer-Encoding: chunked'), /^HTTP\/1\.1 400 /],
    [`${webhookHead('Transfer-Encoding: chunked')}nonsense\r\n`, /^HTTP\/1\.1 400 /],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', /^HTTP\/1\.1 400 /],
  ]
  for (const [bytes, answer] of cases) {
    const raw = connectRaw(hepar.url)
    raw.socket.write(bytes, 'latin1')
    expect(await raw.closed).toMatch(answer)
  }
  const gone = connectRaw(hepar.url)
  gone.socket.write(`${webhookHead('Content-Length: 1000')}{"version": "4", `)
  await waitFor(() => gone.socket.bytesWritten > 100, { what: 'half a request to be sent' })
  gone.socket.destroy()
  expect(await endless.closed).toMatch(/^HTTP\/1\.1 413 /)
  clearInterval(pouring)
  count(413, [])
})

test('bodies that are held back fill a bounded memory; what does not fit is put off, and small deliveries pass', async () => {
  const shell = JSON.stringify(writtenDelivery([good()], { padding: '' }))
  const body = shell.replace('"padding":""', `"padding":"${'x'.repeat(bytesMax - 4096 - shell.length)}"`)
  const held = Array.from({ length: 10 }, () => connectRaw(hepar.url))
  for (const { socket } of held) {
    socket.write(`${webhookHead(`Content-Length: ${body.length}`, 'Connection: close')}${body.slice(0, -1)}`)
  }
  const refused = () => held.filter(({ received }) => received().includes('503 Service Unavailable'))
  await waitFor(() => refused().length === 2, { what: 'the ninth and tenth to be put off' })
  expect(await post(writtenDelivery([good()]))).toMatchObject({ status: 200 })
  for (const { socket } of held) socket.write(body.slice(-1))
  const answers = (await Promise.all(held.map(({ closed }) => closed))).map((answer) => answer.slice(9, 12))
  expect(answers.toSorted()).toEqual([...Array(8).fill('200'), '503', '503'])
  for (const answer of answers) count(Number(answer), answer === '200' ? [{ decision: 'duplicate' }] : [])
})

test('10,000 alerts are each decided once while small deliveries are answered, and their replay only repeats', async () => {
  const alerts = Array.from({ length: 10_000 }, (_, index) => writtenAlert({ alertname: 'Ill', name: `m${index}` }))
  const seqBefore = (await hepar.call('GET', '/api/v1/audit/head')).json.seq as number
  let done = false
  const big = post(writtenDelivery(alerts)).finally(() => {
    done = true
  })
  let meanwhile = 0
  while (!done) {
    expect(await post(writtenDelivery([writtenAlert({ alertname: 'Other', name: `s${meanwhile}` })]))).toMatchObject({
      status: 200,
    })
    meanwhile += 1
  }
  expect(meanwhile).toBeGreaterThan(3)
  const { status, decisions } = await big
  expect(status).toBe(200)
  expect(decisions.map(({ fingerprint, decision }) => [fingerprint, decision])).toEqual(
    alerts.map(({ fingerprint }) => [fingerprint, 'matched']),
  )
  const again = await post(writtenDelivery(alerts))
  expect(new Set(again.decisions.map(({ decision }) => decision))).toEqual(new Set(['duplicate']))
  const decided = decidedIn(await hepar.events(undefined, seqBefore)).filter(({ alertname }) => alertname === 'Ill')
  expect(decided).toHaveLength(10_000)
  expect(new Set(decided.map(({ fingerprint }) => fingerprint)).size).toBe(10_000)
})

test('a body or head that takes too long is answered 408', async () => {
  expect(await slow.head.closed).toMatch(/^HTTP\/1\.1 408 /)
  expect(await slow.body.closed).toMatch(/^HTTP\/1\.1 408 /)
})

test('after all of it nothing is lost, nothing crashed and memory stayed bounded', async () => {
  expect(hepar.running()).toBe(true)
  expect(hepar.pid()).toBe(pid)
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  expect(peakMiB).toBeLessThan(1_500)
  const events = await hepar.events()
  const deliveries = events.filter(({ type }) => type === 'delivery.received')
  // A very large one is recorded in parts, of which one begins it.
  expect(deliveries.filter(({ body }) => body.from === 0)).toHaveLength(codes[200]!)
  const counted: Record<string, number> = {}
  for (const { body } of deliveries) {
    for (const [kind, count] of Object.entries(body.counts as Record<string, number>)) {
      if (count > 0) counted[kind] = (counted[kind] ?? 0) + count
    }
  }
  expect(counted).toEqual(told)
  const own = decidedIn(events)
  expect(own).toHaveLength(Object.values(told).reduce((sum, count) => sum + count, 0) - told.duplicate!)
  const metrics = await (await fetch(`${hepar.url}/metrics`)).text()
  const scraped = [...metrics.matchAll(/^hepar_deliveries_total\{code="(\d+)"\} (\d+)$/gm)]
  expect(Object.fromEntries(scraped.map(([, code, count]) => [code, Number(count)]))).toMatchObject(codes)
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
  expect(hepar.output()).not.toMatch(/request failed unexpectedly|UnhandledPromise|"level":60/)
})
