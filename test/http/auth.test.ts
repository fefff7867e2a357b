import { createHmac, hash } from 'node:crypto'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import type { Role } from '../../src/domain/config.ts'
import { secret } from '../../src/domain/secret.ts'
import type { StoredToken } from '../../src/domain/token.ts'
import { isLoopback } from '../../src/http/auth.ts'
import { routes } from '../../src/http/routes.ts'
import { createHttp } from '../../src/http/server.ts'
import { fakeWorld, incident, now, token } from './fake-parts.ts'
import { bearer, serve } from './serve.ts'

const readers: readonly Role[] = ['viewer', 'operator', 'approver', 'admin']

/** Written by hand from the interface's contract: who may use what. */
const contract: Readonly<Record<string, readonly Role[] | 'everybody' | 'everyone known' | 'whoever signs'>> = {
  'POST /webhook/alertmanager': ['webhook', 'admin'],
  'GET /livez': 'everybody',
  'GET /readyz': 'everybody',
  'GET /metrics': readers,
  'GET /openapi.json': readers,
  'GET /login': 'everybody',
  'POST /login': 'everybody',
  'POST /logout': 'everyone known',
  'GET /api/v1/incidents': readers,
  'GET /api/v1/incidents/:id': readers,
  'GET /api/v1/incidents/:id/events': readers,
  'POST /api/v1/incidents/:id/cancel': ['operator', 'admin'],
  'POST /api/v1/incidents/:id/resume': ['operator', 'admin'],
  'POST /api/v1/playbooks/:name/promote': ['operator', 'admin'],
  'POST /api/v1/incidents/:id/approve': ['approver', 'admin'],
  'POST /api/v1/incidents/:id/reject': ['approver', 'admin'],
  'GET /approvals/:id': readers,
  'POST /approvals/:id': ['approver', 'admin'],
  'GET /api/v1/alerts': readers,
  'POST /api/v1/explain': ['operator', 'admin'],
  'GET /api/v1/playbooks': readers,
  'GET /api/v1/actions': readers,
  'POST /api/v1/actions/:name/run': ['operator', 'admin'],
  'GET /api/v1/pause': readers,
  'PUT /api/v1/pause': ['operator', 'admin'],
  'GET /api/v1/storm': readers,
  'DELETE /api/v1/storm': ['operator', 'admin'],
  'GET /api/v1/pauses': readers,
  'POST /api/v1/pauses': ['operator', 'admin'],
  'DELETE /api/v1/pauses/:id': ['operator', 'admin'],
  'GET /api/v1/safe-mode/:service': readers,
  'GET /api/v1/audit': readers,
  'GET /api/v1/audit/head': readers,
  'GET /api/v1/stats': readers,
  'POST /api/v1/reload': ['admin'],
  'GET /api/v1/tokens': ['admin'],
  'POST /api/v1/tokens': ['admin'],
  'POST /api/v1/tokens/:name/revoke': ['admin'],
  'POST /api/v1/channels/:name/test': ['operator', 'admin'],
  // No token opens it, and none is needed.
  'POST /hooks/slack': 'whoever signs',
}

const roles: readonly Role[] = ['webhook', 'agent', 'viewer', 'operator', 'approver', 'admin']
/** Too long to be guessed, so that the wrong ones of this test limit nobody else. */
const longSecret = (name: string) => `${name}-token-that-nobody-finds-by-trying`
const tokens = roles.map((role) => ({ ...token(role), token: secret(longSecret(role)) }))

test('the contract and the route table name the same routes', () => {
  expect(routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted()).toEqual(
    Object.keys(contract).toSorted(),
  )
})

/** Everybody there is: each role, and an admin whose token is wrong, over, or taken back. */
const callers = [...roles, 'wrong', 'expired', 'revoked', 'stored expired', 'nobody'] as const
type Caller = (typeof callers)[number]

const hour = 3_600_000
const madeToken = (id: string) => `hepar_${id.repeat(12)}_${id.repeat(43)}`

const secretOf: Readonly<Partial<Record<Caller, string>>> = {
  ...Object.fromEntries(roles.map((role) => [role, longSecret(role)])),
  wrong: longSecret('wrong'),
  expired: longSecret('expired'),
  revoked: madeToken('a'),
  'stored expired': madeToken('b'),
}

function stored(id: string, name: string, changes: Partial<StoredToken> = {}): StoredToken {
  const digest = hash('sha256', madeToken(id), 'hex')
  const when = { createdAt: now - hour, createdBy: 'cli', expiresAt: null, revokedAt: null }
  return { id: id.repeat(12), name, role: 'admin', digest, ...when, ...changes }
}

/** A world in which every caller has signed in, and then those whose tokens end have lost them. */
async function peopled() {
  const over = { ...token('admin', 'expired'), token: secret(longSecret('expired')), expiresAt: now + hour }
  const world = fakeWorld({ auth: { tokens: [...tokens, over] } })
  world.incidents = [incident('i1')]
  const clock = { at: now }
  Object.assign(world.parts, { clock: { now: () => clock.at } })
  world.tokens = [stored('a', 'revoked'), stored('b', 'stored expired', { expiresAt: now + hour })]
  const served = await serve(world)
  const signIn = async (caller: Caller) => {
    const body = new URLSearchParams({ token: secretOf[caller] ?? '' })
    const headers = { Origin: served.url }
    const answer = await fetch(`${served.url}/login`, { method: 'POST', redirect: 'manual', headers, body })
    const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
    return {
      Cookie: cookie,
      csrf: createHmac('sha256', cookie.slice(cookie.indexOf('=') + 1))
        .update('csrf')
        .digest('base64url'),
    }
  }
  const sessions = new Map(await Promise.all(callers.map(async (caller) => [caller, await signIn(caller)] as const)))
  clock.at = now + hour
  world.tokens = [{ ...stored('a', 'revoked'), revokedAt: now + hour }, world.tokens[1] as StoredToken]
  return { ...served, sessions }
}

const ways = ['Authorization', 'X-API-Key', 'session'] as const

/** How a caller of this way asks, with what a session needs beside. */
function presented(caller: Caller, way: (typeof ways)[number], { sessions, url }: Awaited<ReturnType<typeof peopled>>) {
  const secret = secretOf[caller]
  if (way === 'Authorization') return secret === undefined ? {} : { Authorization: `Bearer ${secret}` }
  if (way === 'X-API-Key') return secret === undefined ? {} : { 'X-API-Key': secret }
  const { Cookie, csrf } = sessions.get(caller)!
  return { Cookie, Origin: url, 'X-CSRF-Token': csrf }
}

/** 401, 403 or `null` for let in, as the contract says. */
function expectation(allowed: (typeof contract)[string], caller: Caller, way: (typeof ways)[number]): number | null {
  if (allowed === 'everybody') return null
  if (allowed === 'whoever signs') return 401
  const role = roles.find((known) => known === caller)
  // Machines have no sessions.
  if (role === undefined || (way === 'session' && (role === 'webhook' || role === 'agent'))) return 401
  return allowed === 'everyone known' || allowed.includes(role) ? null : 403
}

test('every route opens to the roles of the contract and to nobody else, whichever way they come', async () => {
  const world = await peopled()
  const found: unknown[] = []
  const expected: unknown[] = []
  // The route that ends sessions comes last.
  const rows = Object.entries(contract).toSorted(
    ([a], [b]) => Number(a.includes('logout')) - Number(b.includes('logout')),
  )
  for (const [route, allowed] of rows) {
    const [method, path] = route.split(' ') as [string, string]
    const address = path.replace(':id', 'i1').replace(':name', 'restart').replace(':service', 'shop')
    const isForm = ['/login', '/logout', '/hooks/slack'].includes(path)
    const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
    for (const way of ways) {
      const statuses = callers.map(async (caller) => {
        const headers = { 'Content-Type': type, ...presented(caller, way, world) }
        const body = method === 'GET' ? {} : { body: isForm ? '' : '{}' }
        const { status } = await fetch(world.url + address, { method, headers, redirect: 'manual', ...body })
        // Whoever guesses is told so after a while.
        const refused = status === 429 && caller === 'wrong' ? 401 : status
        return [route, way, caller, [401, 403, 429].includes(refused) ? refused : null]
      })
      found.push(...(await Promise.all(statuses)))
      expected.push(...callers.map((caller) => [route, way, caller, expectation(allowed, caller, way)]))
    }
  }
  expect(found).toEqual(expected)
  expect(found.length).toBe(Object.keys(contract).length * ways.length * callers.length)
})

test('whoever is not known cannot tell an address that is served from one that is not', async () => {
  const { url } = await peopled()
  const ask = async (path: string, method: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { method, headers, redirect: 'manual' })
    return [answer.status, await answer.text()]
  }
  const unknown = await ask('/nowhere', 'GET')
  expect(unknown[0]).toBe(401)
  for (const path of [
    '/metrics',
    '/openapi.json',
    '/api/v1/incidents',
    '/api/v1/incidents/i1',
    '/api/v1/tokens',
    '/',
    '/%ff',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect([path, method, await ask(path, method)]).toEqual([path, method, unknown])
    }
  }
  const known = bearer(longSecret('viewer'))
  expect((await ask('/nowhere', 'GET', known))[0]).toBe(404)
  expect((await ask('/metrics', 'DELETE', known))[0]).toBe(405)
  expect((await ask('/livez', 'DELETE'))[0]).toBe(405)
})

test('those who are turned away are counted by why, and nothing of what they sent is kept', async () => {
  const world = fakeWorld({ auth: { tokens: [...tokens, { ...token('admin', 'expired'), expiresAt: now }] } })
  world.tokens = [{ ...stored('a', 'revoked'), revokedAt: now }]
  const { ask } = await serve(world)
  for (const [headers, status] of [
    [{}, 401],
    [bearer('guess'), 401],
    [bearer('expired-token'), 401],
    [{ 'X-API-Key': madeToken('a') }, 401],
    [bearer(longSecret('webhook')), 403],
  ] as const) {
    expect((await ask('/api/v1/alerts', { headers })).status).toBe(status)
  }
  expect(world.failures).toEqual(['missing', 'unknown', 'expired', 'revoked', 'role'])
})

test('a token of hepar.yaml may stand there as its digest', async () => {
  const digest = `sha256:${hash('sha256', 'the-long-token-itself', 'hex')}`
  const world = fakeWorld({ auth: { tokens: [{ name: 'a', role: 'viewer', token: secret(digest) }] } })
  const { ask } = await serve(world)
  expect((await ask('/api/v1/alerts', { headers: bearer('the-long-token-itself') })).status).toBe(200)
  expect((await ask('/api/v1/alerts', { headers: bearer(digest) })).status).toBe(401)
})

test('a refusal names the next step and no token', async () => {
  const { ask } = await serve(fakeWorld({ auth: { tokens } }))
  const answer = await ask('/api/v1/incidents', { headers: bearer('guess') })
  expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  expect(answer.body.error).toMatchObject({ code: 'unauthorized', next: expect.stringContaining('HEPAR_TOKEN') })
  expect(JSON.stringify(answer.body)).not.toMatch(/guess|admin-token/)
})

test('without tokens every local caller is admin, unless it comes by another name, from another page or through a proxy', async () => {
  const { port } = await serve(fakeWorld())
  const status = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: '/api/v1/incidents', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
  expect(await status({})).toBe(200)
  expect(await status({ Host: `localhost:${port}` })).toBe(200)
  expect(await status({ Host: `[::1]:${port}` })).toBe(200)
  expect(await status({ Host: 'evil.example' })).toBe(403)
  expect(await status({ Host: '127.0.0.1.evil.example' })).toBe(403)
  expect(await status({ Origin: 'http://evil.example' })).toBe(403)
  expect(await status({ Origin: 'null' })).toBe(403)
  // A proxy on this machine asks in the name of whoever reaches it.
  for (const mark of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Real-IP', 'Via'])
    expect([mark, await status({ [mark]: '192.0.2.1' })]).toEqual([mark, 403])
  expect(await status({ Host: `localhost:${port}`, Origin: `http://localhost:${port}` })).toBe(200)
})

test('an address that others can reach is refused without tokens', async () => {
  const open = createHttp(fakeWorld().parts)
  await expect(open.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow(/auth\.tokens/)
  const guarded = createHttp(fakeWorld({ auth: { tokens } }).parts)
  const { port } = await guarded.listen({ host: '0.0.0.0', port: 0 })
  expect((await fetch(`http://127.0.0.1:${port}/api/v1/alerts`)).status).toBe(401)
  await guarded.close()
})

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['', false],
])('the host %j is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})
