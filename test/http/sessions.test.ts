import { expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../../src/http/server.ts'
import { createSessions, sessionMs } from '../../src/http/sessions.ts'
import { someApproval } from '../kit/records.ts'
import { type FakeWorld, fakeWorld, incident, now, token } from './fake-parts.ts'

const tokens = (['webhook', 'viewer', 'operator', 'approver', 'admin'] as const).map((role) => token(role))

/** A browser in small: one cookie, no redirects followed, and a page from which its forms come. */
async function browse(world: FakeWorld = fakeWorld({ auth: { tokens } })) {
  const server = createHttp(world.parts)
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  const jar = { cookie: '' }
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { Accept: 'text/html', Cookie: jar.cookie, ...init.headers }
    const answer = await fetch(url + path, { redirect: 'manual', ...init, headers })
    const set = answer.headers.get('set-cookie')
    if (set !== null) jar.cookie = set.split(';', 1)[0] as string
    return { status: answer.status, headers: answer.headers, text: await answer.text(), set }
  }
  const submit = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', headers: { Origin: url, ...headers }, body: new URLSearchParams(fields) })
  const signIn = (role: string) => submit('/login', { token: `${role}-token` })
  const csrf = async () => /name="csrf" value="([^"]+)"/.exec((await ask('/login')).text)?.[1] ?? ''
  return { url, ask, submit, signIn, csrf, jar, world }
}

const pause = (headers: Record<string, string>) => ({
  method: 'PUT',
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify({ paused: true, reason: 'deploy' }),
})

test('whoever opens a page without being known signs in first, and comes back', async () => {
  const { ask, submit } = await browse()
  const led = await ask('/api/v1/incidents?limit=5')
  expect(led.status).toBe(303)
  expect(led.headers.get('location')).toBe('/login?next=%2Fapi%2Fv1%2Fincidents%3Flimit%3D5')
  const page = await ask(led.headers.get('location') as string)
  expect(page.text).toContain('name="next" value="/api/v1/incidents?limit=5"')
  const back = await submit('/login', { token: 'viewer-token', next: '/api/v1/incidents?limit=5' })
  expect([back.status, back.headers.get('location')]).toEqual([303, '/api/v1/incidents?limit=5'])
  expect((await ask('/api/v1/incidents?limit=5')).status).toBe(200)
  expect((await ask('/nowhere')).status).toBe(404)
})

test('an address that is not known leads to the same place as one that is', async () => {
  const { ask } = await browse()
  expect((await ask('/nowhere')).headers.get('location')).toBe('/login?next=%2Fnowhere')
})

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/a\r\nX: y', ''])(
  'signing in leads nowhere else: %j',
  async (next) => {
    const { submit } = await browse()
    expect((await submit('/login', { token: 'viewer-token', next })).headers.get('location')).toBe('/login')
  },
)

test('the cookie is for this host, this path, and no script', async () => {
  const { signIn } = await browse()
  const { set } = await signIn('viewer')
  expect(set).toMatch(/^hepar_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/)
})

test('behind a proxy with TLS the cookie is Secure, and forms come from its address', async () => {
  const outside = { auth: { tokens }, externalUrl: 'https://hepar.example/' }
  const { submit, ask } = await browse(fakeWorld(outside))
  for (const Origin of ['https://evilhepar.example', 'https://hepar.example.evil.example', 'http://hepar.example']) {
    expect((await submit('/login', { token: 'admin-token' }, { Origin })).status).toBe(403)
  }
  const { set } = await submit('/login', { token: 'admin-token' }, { Origin: 'https://hepar.example' })
  expect(set).toMatch(/^__Host-hepar_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  expect((await ask('/api/v1/pause')).status).toBe(200)
})

test('what a session writes needs its csrf value and a page of Hepar', async () => {
  const { ask, signIn, csrf, url, world } = await browse()
  await signIn('operator')
  const value = await csrf()
  const status = async (headers: Record<string, string>) => (await ask('/api/v1/pause', pause(headers))).status
  expect(await status({ Origin: url })).toBe(403)
  expect(await status({ Origin: url, 'X-CSRF-Token': 'x'.repeat(43) })).toBe(403)
  expect(await status({ 'X-CSRF-Token': value })).toBe(403)
  expect(await status({ Origin: 'null', 'X-CSRF-Token': value })).toBe(403)
  expect(await status({ Origin: 'http://evil.example', 'X-CSRF-Token': value })).toBe(403)
  expect(await status({ Origin: url.replace('http:', 'https:'), 'X-CSRF-Token': value })).toBe(403)
  expect(world.pause).toBeNull()
  expect(await status({ Origin: url, 'X-CSRF-Token': value })).toBe(200)
  expect(world.pause).toMatchObject({ by: 'operator:operator' })
})

test('the csrf value of one session is worth nothing in another', async () => {
  const { signIn, csrf, ask, url } = await browse()
  await signIn('operator')
  const other = await csrf()
  await signIn('operator')
  expect((await ask('/api/v1/pause', pause({ Origin: url, 'X-CSRF-Token': other }))).status).toBe(403)
})

test('a session may do what its role may, and no more', async () => {
  const { signIn, csrf, ask, url } = await browse()
  await signIn('viewer')
  expect((await ask('/api/v1/alerts')).status).toBe(200)
  const value = await csrf()
  expect((await ask('/api/v1/pause', pause({ Origin: url, 'X-CSRF-Token': value }))).status).toBe(403)
})

test('signing out ends the session, also for a copy of its cookie', async () => {
  const { signIn, submit, csrf, ask, jar } = await browse()
  await signIn('viewer')
  const copy = jar.cookie
  expect((await submit('/logout', {})).status).toBe(403)
  const out = await submit('/logout', { csrf: await csrf() })
  expect([out.status, out.set]).toEqual([303, 'hepar_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'])
  jar.cookie = copy
  expect((await ask('/api/v1/alerts')).status).toBe(303)
})

test('a session ends with its token, and with its time', async () => {
  const world = fakeWorld({ auth: { tokens } })
  const clock = { at: now }
  const policy = { ...world.parts.policy.current() }
  const parts = { ...world.parts, clock: { now: () => clock.at }, policy: { current: () => policy } }
  const { signIn, ask } = await browse(Object.assign(world, { parts }))
  await signIn('viewer')
  clock.at = now + sessionMs - 1
  expect((await ask('/api/v1/alerts')).status).toBe(200)
  clock.at = now + sessionMs
  expect((await ask('/api/v1/alerts')).status).toBe(303)
  await signIn('viewer')
  expect((await ask('/api/v1/alerts')).status).toBe(200)
  Object.assign(policy, { config: { ...policy.config, auth: { tokens: [token('viewer', 'another')] } } })
  expect((await ask('/api/v1/alerts')).status).toBe(303)
})

test('a wrong token opens nothing, and the page says so without repeating it', async () => {
  const { submit } = await browse()
  const answer = await submit('/login', { token: '<i>guess</i>', next: '/"><script>' })
  expect([answer.status, answer.set]).toEqual([401, null])
  expect(answer.text).toContain('This token is not known.')
  expect(answer.text).not.toMatch(/guess|<script/)
})

test('a token of a machine opens no page', async () => {
  const { signIn } = await browse()
  expect(await signIn('webhook')).toMatchObject({ status: 403, set: null })
})

test('a form of another page signs nobody in', async () => {
  const { submit } = await browse()
  for (const Origin of ['http://evil.example', 'null'])
    expect(await submit('/login', { token: 'viewer-token' }, { Origin })).toMatchObject({ status: 403, set: null })
})

test('a page may show itself and send its forms, and nothing else', async () => {
  const { ask } = await browse()
  const { headers, text } = await ask('/login')
  const policy = headers.get('content-security-policy') as string
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  )
  const style = /<style>(.*)<\/style>/s.exec(text)?.[1] as string
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(style))).toString('base64')
  expect(policy).toContain(`'sha256-${digest}'`)
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('cache-control')).toBe('no-store')
  // Under no-referrer browsers hide the origin of a form, which could then not be checked.
  expect(headers.get('referrer-policy')).toBe('same-origin')
})

test('no other origin is ever let in by a header', async () => {
  const { ask, url } = await browse(fakeWorld())
  const asked = { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'PUT' }
  for (const [path, status] of [
    ['/api/v1/pause', 405],
    ['/webhook/alertmanager', 405],
    ['/login', 405],
    ['/nowhere', 404],
  ] as const) {
    const preflight = await ask(path, { method: 'OPTIONS', headers: { ...asked, Origin: url } })
    expect([path, preflight.status]).toEqual([path, status])
    for (const method of ['OPTIONS', 'GET', 'POST']) {
      const { headers } = await ask(path, { method, headers: asked })
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  }
})

test('a form field that comes twice, or a body that is no form, is refused', async () => {
  const { ask, url } = await browse()
  const send = (type: string, body: string) =>
    ask('/login', { method: 'POST', headers: { Origin: url, 'Content-Type': type }, body })
  expect((await send('application/x-www-form-urlencoded', 'token=a&token=viewer-token')).status).toBe(400)
  expect((await send('application/json', '{"token":"viewer-token"}')).status).toBe(415)
})

test('a form larger than forms are is refused, also from strangers', async () => {
  const { submit } = await browse()
  expect((await submit('/login', { token: 'x'.repeat(64 * 1024) })).status).toBe(413)
})

test('a plan is decided on its page by a session of an approver, from that page alone', async () => {
  const world = fakeWorld({ auth: { tokens } })
  const plan = 'd'.repeat(64)
  world.incidents = [incident('i1', { state: 'awaiting_approval' })]
  world.approvals = [someApproval({ planDigest: plan, expiresAt: now + 60_000 })]
  const { ask, submit, signIn, csrf } = await browse(world)
  const path = `/approvals/i1?plan=${plan}`
  expect((await ask(path)).headers.get('location')).toBe(`/login?next=${encodeURIComponent(path)}`)
  await signIn('approver')
  const page = await ask(path)
  const fields = Object.fromEntries(
    [...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  ) as Record<string, string>
  expect(fields).toEqual({ csrf: await csrf(), plan, ask: 'ask1' })
  const send = async (change: Record<string, string>, headers: Record<string, string> = {}) =>
    (await submit('/approvals/i1', { ...fields, decision: 'approve', reason: 'seen', ...change }, headers)).status
  expect(await send({ csrf: '' })).toBe(403)
  expect(await send({ csrf: 'x'.repeat(43) })).toBe(403)
  for (const Origin of ['http://evil.example', 'null']) expect(await send({}, { Origin })).toBe(403)
  await signIn('operator')
  expect(await send({ csrf: await csrf() })).toBe(403)
  expect(world.asked).toEqual([])
  await signIn('approver')
  expect(await send({ csrf: await csrf() })).toBe(303)
  expect(world.asked).toMatchObject([
    {
      verb: 'approve',
      by: 'operator:approver',
      more: { incident: 'i1', planDigest: plan, ask: 'ask1', reason: 'seen' },
    },
  ])
})

test('sessions are bounded: for one token and in total the oldest end', () => {
  const sessions = createSessions()
  const first = sessions.open('viewer', now)
  const others = Array.from({ length: 19 }, () => sessions.open('viewer', now))
  expect(sessions.tokenOf(first, now)).toBe('viewer')
  const last = sessions.open('viewer', now)
  expect(sessions.tokenOf(first, now)).toBeNull()
  for (const id of [...others, last]) expect(sessions.tokenOf(id, now)).toBe('viewer')
  for (let token = 0; token < 1_000; token++) sessions.open(`t${token}`, now)
  expect(sessions.tokenOf(last, now)).toBeNull()
})

test('without tokens nobody has to sign in, and the page says who one is', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1')]
  const { ask } = await browse(world)
  expect((await ask('/login')).text).toContain('You are local, with the role admin.')
})
