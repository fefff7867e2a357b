import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createAskPolicy, readAnswer } from '../../../src/adapters/policy/ask-policy.ts'
import { readRule } from '../../../src/domain/http-allow.ts'
import { secret } from '../../../src/domain/secret.ts'

/**
 * A stand-in for the data API of the Open Policy Agent, by its REST API documentation: POST /v1/data/{path} takes
 * `{"input": …}` and answers 200 with `{"result": …}`, 200 with `{}` where the document is undefined, and 400 with
 * `{"code": "invalid_parameter", …}` for a body that is none.
 */
interface Agent {
  readonly url: string
  readonly asked: { readonly path: string; readonly authorization: string | undefined; readonly input: unknown }[]
}

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function agent(answer: (response: ServerResponse, input: unknown) => void): Promise<Agent> {
  const asked: Agent['asked'] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = JSON.parse(text || 'null') as { input?: unknown } | null
    const isQuestion = request.method === 'POST' && request.headers['content-type'] === 'application/json'
    if (!isQuestion || body === null || !Object.hasOwn(body, 'input') || Object.keys(body).length !== 1) {
      response.statusCode = 400
      response.end(JSON.stringify({ code: 'invalid_parameter', message: 'error(s) occurred while decoding request' }))
      return
    }
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization, input: body.input })
    answer(response, body.input)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/data/hepar/approval`, asked }
}

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) => {
    response.statusCode = status
    response.setHeader('content-type', 'application/json')
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

const opa = { kind: 'named', name: 'opa' } as const

function asking(url: string, timeoutMs = 2_000) {
  const policies = [{ name: 'opa', peer: { url, headers: {}, bearer: secret('s3cret-of-opa') } }]
  return createAskPolicy(() => ({ policies, http: { allow: [] } }), { timeoutMs })
}

test.each([
  [{ result: 'allow' }, 'allow'],
  [{ result: 'ask' }, 'ask'],
  [{ result: 'deny' }, 'deny'],
  [{ result: true }, 'allow'],
  [{ result: false }, 'deny'],
  [{ result: { decision: 'allow', reason: 'small' }, decision_id: '4ca636c1' }, 'allow'],
  [{ result: { decision: 'deny', reason: 'freeze' } }, 'deny'],
])('%j means %s', async (answer, decision) => {
  const { url, asked } = await agent(json(answer))
  expect(await asking(url)(opa, { plan: { digest: 'd' } })).toMatchObject({ decision })
  expect(asked).toEqual([
    { path: '/v1/data/hepar/approval', authorization: 'Bearer s3cret-of-opa', input: { plan: { digest: 'd' } } },
  ])
})

test.each<[string, (response: ServerResponse) => void, string]>([
  ['an undefined document', json({}), 'undefined'],
  ['another word', json({ result: 'permit' }), 'neither'],
  ['a number', json({ result: 1 }), 'neither'],
  ['a list', json({ result: ['allow'] }), 'neither'],
  ['no decision', json({ result: { allow: true } }), 'no decision'],
  ['another decision', json({ result: { decision: 'ALLOW' } }), 'no decision'],
  ['a reason that is no text', json({ result: { decision: 'allow', reason: 7 } }), 'no text'],
  ['a list around it', json([{ result: 'allow' }]), 'no object'],
  ['no JSON', json('allow'), 'not JSON'],
  ['a fault', json({ result: 'allow' }, 500), 'HTTP 500'],
  ['created', json({ result: 'allow' }, 201), 'HTTP 201'],
  ['a redirect', (response) => response.writeHead(307, { location: '/v1/data/allow' }).end(), 'HTTP 307'],
  ['too much', json({ result: 'allow', more: 'x'.repeat(100_000) }), 'no answer'],
  [
    'half an answer',
    (response) => response.writeHead(200, { 'content-length': '99' }).write('{"result": "allow"') && response.destroy(),
    'no answer',
  ],
  ['silence', () => {}, 'no answer'],
])('%s is a denial', async (_, answer, reason) => {
  const { url } = await agent(answer)
  const said = await asking(url, 500)(opa, {})
  expect(said).toEqual({ decision: 'deny', reason: expect.stringContaining(reason) })
  expect(JSON.stringify(said)).not.toContain('s3cret')
})

test('nobody there, or no such policy, is a denial', async () => {
  expect(await asking('http://127.0.0.1:9/v1/data/x')(opa, {})).toMatchObject({ decision: 'deny' })
  expect(await asking('http://127.0.0.1:9/')({ kind: 'named', name: 'other' }, {})).toMatchObject({ decision: 'deny' })
})

test('a URL is asked only where http.allow allows it', async () => {
  const { url, asked } = await agent(json({ result: 'allow' }))
  const rule = readRule(url)
  if (!rule.ok) throw new Error(rule.reason)
  const ref = { kind: 'url', url } as const
  const closed = createAskPolicy(() => ({ policies: [], http: { allow: [] } }))
  expect(await closed(ref, {})).toMatchObject({ decision: 'deny', reason: expect.stringContaining('not allow-listed') })
  expect(asked).toEqual([])
  const allowed = createAskPolicy(() => ({ policies: [], http: { allow: [rule.rule] } }))
  expect(await allowed(ref, {})).toMatchObject({ decision: 'allow' })
  expect(asked[0]?.authorization).toBeUndefined()
})

test('a name that leads to another place is not asked, and a certificate that cannot be read is a denial', async () => {
  const { url, asked } = await agent(json({ result: 'allow' }))
  const named = url.replace('127.0.0.1', 'opa.example')
  const rule = readRule(named)
  const secured = readRule(named.replace('http:', 'https:'))
  if (!rule.ok || !secured.ok) throw new Error('a rule cannot be read')
  const allow = [rule.rule, { ...secured.rule, tls: { ca: '/nowhere/ca.pem' } }]
  const resolve = async () => [{ address: '127.0.0.1', family: 4 as const }]
  const ask = createAskPolicy(() => ({ policies: [], http: { allow } }), { resolve })
  expect(await ask({ kind: 'url', url: named }, {})).toMatchObject({
    decision: 'deny',
    reason: expect.stringContaining('it is this machine'),
  })
  expect(await ask({ kind: 'url', url: named.replace('http:', 'https:') }, {})).toMatchObject({
    decision: 'deny',
    reason: expect.stringContaining('could not be asked'),
  })
  expect(asked).toEqual([])
})

test('a proper name of an object is no answer', () => {
  expect(readAnswer('{"__proto__": {"result": "allow"}}')).toMatchObject({ decision: 'deny' })
  expect(readAnswer('null')).toMatchObject({ decision: 'deny' })
})
