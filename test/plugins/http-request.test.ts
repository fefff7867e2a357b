// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import httpRequest from '../../plugins/http-request.ts'
import { createPlaceSettings } from '../../src/adapters/actions/place-settings.ts'
import { readConfig } from '../../src/config.ts'
import { formatProblem } from '../../src/domain/policy.ts'
import type { ActionPlan, PlanContext } from '../../src/sdk/index.ts'
import { startSink } from '../kit/sink.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-request-'))
afterAll(() => rmSync(folder, { recursive: true }))

const target = { kind: 'service', place: null, name: 'flags', text: 'service/flags' }
const env = { FLAGS_TOKEN: 'word-that-nobody-sees', FLAGS_HOOK: 'hook-that-nobody-sees' }
const values = [
  { name: 'flag', pattern: '[a-z/.]{1,40}' },
  { name: 'reason', pattern: '(?s).+' },
]

interface Setup {
  readonly request?: Readonly<Record<string, unknown>>
  readonly allow?: readonly unknown[]
  readonly listen?: string
}

/** The settings that the configuration makes for the service, as a runner would get them. */
function settingsOf(url: string, { request = {}, allow = [new URL(url).origin], listen = '127.0.0.1:0' }: Setup = {}) {
  const file = join(folder, 'hepar.yaml')
  const logFile = join(folder, 'flags.log')
  writeFileSync(logFile, 'a switch hangs\n')
  const services = { flags: { logFile, requests: { enable: { url, ...request } } } }
  const auth = { tokens: [{ name: 'op', role: 'operator', token: 'of-sixteen-characters-at-least' }] }
  writeFileSync(file, JSON.stringify({ listen, auth, http: { allow }, services }))
  const reading = readConfig({ file, env })
  if (!reading.ok) throw new Error(reading.problems.map(formatProblem).join('\n'))
  const found = createPlaceSettings(reading.config)('http-request', 'service/flags')
  if ('unmapped' in found) throw new Error(found.unmapped)
  return JSON.parse(JSON.stringify(found.settings)) as PlanContext['settings']
}

type Settings = PlanContext['settings']
const signal = new AbortController().signal

async function plan(settings: Settings, given: Readonly<Record<string, string>> = {}, request = 'enable') {
  const params = httpRequest.params.parse({ request, values: given })
  return httpRequest.plan(target, params, { settings, signal, now: Date.now() })
}

async function planned(settings: Settings, given: Readonly<Record<string, string>> = {}) {
  const made = await plan(settings, given)
  if ('refused' in made) throw new Error(`refused: ${made.refused}`)
  return JSON.parse(JSON.stringify(made)) as ActionPlan
}

async function refused(settings: Settings, given: Readonly<Record<string, string>> = {}, request = 'enable') {
  const made = await plan(settings, given, request)
  if (!('refused' in made)) throw new Error(`planned: ${made.summary}`)
  return made
}

function run(settings: Settings, made: ActionPlan, given: Readonly<Record<string, string>> = {}, timeoutMs = 30_000) {
  const now = Date.now()
  const params = httpRequest.params.parse({ request: 'enable', values: given })
  const context = { settings, signal, now, idempotencyKey: 'attempt-1', deadlineAt: now + timeoutMs }
  return httpRequest.run({ ...made, target, params }, context)
}

describe('a plan', () => {
  test('shows exactly what would be sent, but no secret, and sends nothing', async () => {
    await using sink = await startSink()
    const url = `${sink.url}/hooks/\${FLAGS_HOOK}/{{ flag }}?by=hepar`
    const request = {
      values,
      bearer: '${FLAGS_TOKEN}',
      headers: { 'X-Team': 'sre', 'X-Api-Key': 'plain-but-secret', 'X-Other': '${FLAGS_TOKEN}' },
      body: { on: true, why: 'because {{ reason }}', token: '${FLAGS_TOKEN}', list: [1, '{{ flag }}', null] },
      idempotent: true,
    }
    const made = await planned(settingsOf(url, { request }), {
      flag: 'a/b',
      reason: 'it "is"\n${FLAGS_TOKEN} {{ flag }}',
    })
    expect(made).toEqual({
      pin: { request: 'enable', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      summary: `Send POST ${sink.url}/hooks/\${FLAGS_HOOK}/a%2Fb?by=hepar once`,
      idempotent: true,
      evidence: {
        method: 'POST',
        url: `${sink.url}/hooks/\${FLAGS_HOOK}/a%2Fb?by=hepar`,
        headers: {
          'x-team': 'sre',
          'x-api-key': '[redacted]',
          'x-other': '[redacted]',
          authorization: 'Bearer [redacted]',
          'idempotency-key': '[of the attempt]',
        },
        // Values are put in once: what they hold is neither a reference nor a placeholder.
        body: {
          on: true,
          why: 'because it "is"\n${FLAGS_TOKEN} {{ flag }}',
          token: '${FLAGS_TOKEN}',
          list: [1, 'a/b', null],
        },
        digest: made.pin.digest,
        addresses: ['127.0.0.1'],
        logs: ['a switch hangs'],
        machine: expect.objectContaining({ topMemory: expect.arrayContaining([expect.anything()]) }),
      },
    })
    expect(JSON.stringify(made)).not.toMatch(/nobody-sees|plain-but-secret/)
    expect(sink.requests).toEqual([])
  })

  test('changes its digest with whatever would be sent, and with nothing else', async () => {
    await using sink = await startSink()
    const base = { values, body: { why: '{{ reason }}' }, headers: { 'x-a': 'b' } }
    const given = { flag: 'a', reason: 'r' }
    const digest = async (request: object, given: Readonly<Record<string, string>>, path = '/{{ flag }}') =>
      (await planned(settingsOf(`${sink.url}${path}`, { request: { ...base, ...request } }), given)).pin.digest
    const first = await digest({}, given)
    expect(await digest({}, given)).toBe(first)
    expect(await digest({ timeout: '5s', success: [201] }, given)).toBe(first)
    const others = [
      await digest({}, { ...given, flag: 'b' }),
      await digest({}, { ...given, reason: 's' }),
      await digest({ method: 'PUT' }, given),
      await digest({ headers: { 'x-a': 'c' } }, given),
      await digest({ body: { why: '{{ reason }}', x: 1 } }, given),
      await digest({}, given, '/x/{{ flag }}'),
    ]
    expect(new Set([first, ...others]).size).toBe(7)
  })

  test('may be started again only where the configuration says so', async () => {
    await using sink = await startSink()
    expect((await planned(settingsOf(sink.url))).idempotent).toBe(false)
    expect((await planned(settingsOf(sink.url, { request: { idempotent: true } }))).idempotent).toBe(true)
    expect(httpRequest.idempotent).toBe(false)
  })
})

describe('nothing is planned', () => {
  const given = { flag: 'a', reason: 'r' }

  test.each([
    ['a value that is missing', { flag: 'a' }, 'the value "reason" is missing'],
    ['a value that is empty', { ...given, flag: '' }, 'the value "flag" is missing'],
    ['a value that nobody asked for', { ...given, more: 'x' }, '"more" is not a value'],
    ['a value that does not match', { ...given, flag: 'a b' }, 'does not match'],
    ['a value that matches only in part', { ...given, flag: 'a\n' }, 'does not match'],
    ['a value that climbs', { ...given, flag: '../admin' }, 'the path contains . or ..'],
    ['a value that is too long', { ...given, reason: 'x'.repeat(501) }, 'longer than 500'],
    ['half a character', { ...given, reason: '\ud800' }, 'not well-formed'],
    ['a value by an inherited name', { flag: 'a', constructor: 'x' }, '"constructor" is not a value'],
  ])('refused for %s', async (_, given, reason) => {
    await using sink = await startSink()
    const settings = settingsOf(`${sink.url}/x/{{ flag }}`, { request: { values, body: { why: '{{ reason }}' } } })
    expect(await refused(settings, given)).toMatchObject({ final: true, refused: expect.stringContaining(reason) })
  })

  test('for a request that the service does not have', async () => {
    const made = await refused(settingsOf('http://127.0.0.1:1/'), {}, 'disable')
    expect(made).toMatchObject({ final: true, refused: expect.stringContaining('add it to services.flags.requests') })
  })

  test('for a URL that is no longer allowed', async () => {
    const settings = { ...settingsOf('http://127.0.0.1:1/'), allow: [] }
    expect(await refused(settings)).toMatchObject({ final: true, refused: expect.stringContaining('http.allow') })
  })

  test('for what Hepar itself lives by, however it is written', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const settings = settingsOf(`http://${host}:4999/api/v1/pause`, { listen: '127.0.0.1:4999' })
      expect(await refused(settings)).toMatchObject({
        final: true,
        refused: expect.stringContaining("Hepar's own listen"),
      })
    }
  })

  test('for what Hepar itself lives by, by an address of its machine on the network', async () => {
    const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
    const [lan] = own.filter((address) => !address.startsWith('127.') && !address.includes(':'))
    for (const listen of ['0.0.0.0:4999', '[::]:4999']) {
      const settings = settingsOf(`http://${lan}:4999/api/v1/pause`, { listen })
      expect(await refused(settings)).toMatchObject({
        final: true,
        refused: expect.stringContaining("Hepar's own listen"),
      })
    }
  })

  test('now, where the name has no address', async () => {
    const made = await refused(settingsOf('http://nobody.invalid/'))
    expect(made).toMatchObject({ final: false, refused: expect.stringContaining('nobody.invalid') })
  })
})

describe('a run', () => {
  test('sends what was planned, once, with the key of the attempt', async () => {
    await using sink = await startSink({ answer: { code: 202, body: 'taken; word-that-nobody-sees' } })
    const request = {
      values,
      method: 'PUT',
      bearer: '${FLAGS_TOKEN}',
      body: { why: '{{ reason }}' },
      headers: { 'X-Team': 'sre' },
    }
    const settings = settingsOf(`${sink.url}/x/{{ flag }}`, { request })
    const given = { flag: 'a/b', reason: 'it "is"\r\nx: y' }
    const report = await run(settings, await planned(settings, given), given)
    expect(report).toEqual({ status: 202, answer: 'taken; [redacted]' })
    expect(sink.requests).toHaveLength(1)
    const [seen] = sink.requests
    expect(seen).toMatchObject({ method: 'PUT', path: '/x/a%2Fb' })
    expect(seen?.json()).toEqual({ why: 'it "is"\r\nx: y' })
    expect(seen?.headers).toMatchObject({
      'idempotency-key': 'attempt-1',
      'content-type': 'application/json',
      'x-team': 'sre',
      authorization: 'Bearer word-that-nobody-sees',
    })
  })

  test('resolves references in URL and body, and then shows no answer that could hold them', async () => {
    await using sink = await startSink({ answer: ({ path }) => ({ body: `you asked for ${path}` }) })
    const settings = settingsOf(`${sink.url}/\${FLAGS_HOOK}`, { request: { body: { token: '${FLAGS_TOKEN}' } } })
    const report = await run(settings, await planned(settings))
    expect(JSON.stringify(report)).not.toContain('nobody-sees')
    expect(sink.requests[0]).toMatchObject({ path: '/hook-that-nobody-sees' })
    expect(sink.requests[0]?.json()).toEqual({ token: 'word-that-nobody-sees' })
  })

  test('sends nothing when the request has changed since the plan', async () => {
    await using sink = await startSink()
    const made = await planned(settingsOf(sink.url, { request: { body: { on: true } } }))
    await expect(run(settingsOf(sink.url, { request: { body: { on: false } } }), made)).rejects.toThrow(
      /^nothing was done/,
    )
    expect(sink.requests).toEqual([])
  })

  test('sends nothing when it could not end within the step', async () => {
    await using sink = await startSink()
    const settings = settingsOf(sink.url, { request: { timeout: '10s' } })
    await expect(run(settings, await planned(settings), {}, 9_000)).rejects.toThrow(/nothing was done.*raise it/)
    expect(sink.requests).toEqual([])
  })

  test('has failed when nobody listens: nothing was sent', async () => {
    const settings = settingsOf('http://127.0.0.1:1/')
    const failure = run(settings, await planned(settings))
    await expect(failure).rejects.toThrow(/^nothing was done: .*ECONNREFUSED/)
    await expect(failure).rejects.not.toHaveProperty('code')
  })

  test.each([
    ['the connection is cut', { hang: 'reset' }],
    ['no answer comes', { hang: 'before' }],
    ['the answer stops in the middle', { hang: 'after', body: 'x' }],
    ['the server says 500', { code: 500 }],
    ['the server says 503', { code: 503 }],
    ['the server gave up waiting', { code: 408 }],
  ] as const)('is unknown when %s, and is not sent again', async (_, answer) => {
    await using sink = await startSink({ answer })
    const settings = settingsOf(sink.url, { request: { timeout: '1s' } })
    await expect(run(settings, await planned(settings))).rejects.toMatchObject({ code: 'outcome_unknown' })
    expect(sink.requests).toHaveLength(1)
  })

  test('never reaches what Hepar lives by, wherever a name or a redirect leads since the plan', async () => {
    await using own = await startSink()
    await using sink = await startSink({ answer: { code: 302, headers: { location: `${own.url}/api/v1/pause` } } })
    const allow = [{ url: sink.url, redirects: 1 }, own.url]
    const listen = new URL(own.url).host
    const settings = settingsOf(sink.url, { allow, listen, request: { method: 'GET' } })
    await expect(run(settings, await planned(settings))).rejects.toThrow(/Hepar's own listen address/)
    expect(own.requests).toEqual([])
    // As if the name had led elsewhere when it was planned.
    const elsewhere = { ...settings, lifelines: [] }
    const turned = settingsOf(own.url, { allow: [own.url], listen })
    const made = await planned({ ...turned, lifelines: elsewhere.lifelines })
    await expect(run(turned, made)).rejects.toThrow(/nothing was done: .*Hepar's own listen address/)
    expect(own.requests).toEqual([])
  })

  test('is unknown when an endpoint that drops repeats says that the first is still under way', async () => {
    await using sink = await startSink({ answer: { code: 409 } })
    const settings = settingsOf(sink.url, { request: { idempotent: true } })
    await expect(run(settings, await planned(settings))).rejects.toMatchObject({ code: 'outcome_unknown' })
    const sure = settingsOf(sink.url, { request: { idempotent: true, failed: [409] } })
    await expect(run(sure, await planned(sure))).rejects.not.toHaveProperty('code')
  })

  test.each([301, 307, 400, 401, 404, 409, 429])('has failed when the server says %i', async (code) => {
    await using other = await startSink()
    await using sink = await startSink({ answer: { code, headers: { location: other.url }, body: '\u001b[31mno' } })
    const settings = settingsOf(sink.url, { allow: [sink.url, other.url] })
    const failure = run(settings, await planned(settings))
    await expect(failure).rejects.toThrow(new RegExp(`answered HTTP ${code}: no$`))
    await expect(failure).rejects.not.toHaveProperty('code')
    expect(other.requests).toEqual([])
  })

  test('has failed at a status that surely means so, and is done only at one that means done', async () => {
    await using sink = await startSink({ answer: { code: 503 } })
    const settings = settingsOf(sink.url, { request: { failed: [503], success: [204] } })
    await expect(run(settings, await planned(settings))).rejects.not.toHaveProperty('code')
    sink.answer({ code: 200 })
    await expect(run(settings, await planned(settings))).rejects.toThrow('answered HTTP 200')
    sink.answer({ code: 204 })
    expect(await run(settings, await planned(settings))).toEqual({ status: 204, answer: '' })
  })

  test('speaks TLS with its own authority and certificate', async () => {
    const fixture = (file: string) => join(import.meta.dirname, '../fixtures/tls', file)
    const { readFileSync } = await import('node:fs')
    const certificates = {
      cert: readFileSync(fixture('server.pem')),
      key: readFileSync(fixture('server.key')),
      ca: readFileSync(fixture('ca.pem')),
    }
    const server = createSecure(
      { ...certificates, requestCert: true, rejectUnauthorized: true },
      (_, response) => void response.end(),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const tls = { ca: fixture('ca.pem'), cert: fixture('client.pem'), key: fixture('client.key') }
    const settings = settingsOf(url, { request: { tls } })
    expect(await run(settings, await planned(settings))).toMatchObject({ status: 200 })
    const strange = settingsOf(url)
    await expect(run(strange, await planned(strange))).rejects.toThrow(/^nothing was done: .*certificate/)
  })
})
