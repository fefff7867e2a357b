import { request } from 'node:http'
import { expect, test } from 'vitest'
import type { Role } from '../../src/domain/config.ts'
import { isLoopback } from '../../src/http/auth.ts'
import { routes } from '../../src/http/routes.ts'
import { createHttp } from '../../src/http/server.ts'
import { fakeWorld, incident, token } from './fake-parts.ts'
import { bearer, serve } from './serve.ts'

/** Written by hand from the interface's contract: who may use what. */
const contract: Readonly<Record<string, readonly Role[] | 'everybody'>> = {
  'POST /webhook/alertmanager': ['webhook', 'admin'],
  'GET /livez': 'everybody',
  'GET /readyz': 'everybody',
  'GET /metrics': ['viewer', 'operator', 'admin'],
  'GET /openapi.json': ['viewer', 'operator', 'admin'],
  'GET /api/v1/incidents': ['viewer', 'operator', 'admin'],
  'GET /api/v1/incidents/:id': ['viewer', 'operator', 'admin'],
  'GET /api/v1/incidents/:id/events': ['viewer', 'operator', 'admin'],
  'POST /api/v1/incidents/:id/cancel': ['operator', 'admin'],
  'POST /api/v1/incidents/:id/resume': ['operator', 'admin'],
  'GET /api/v1/alerts': ['viewer', 'operator', 'admin'],
  'POST /api/v1/explain': ['operator', 'admin'],
  'GET /api/v1/playbooks': ['viewer', 'operator', 'admin'],
  'GET /api/v1/actions': ['viewer', 'operator', 'admin'],
  'POST /api/v1/actions/:name/run': ['operator', 'admin'],
  'GET /api/v1/pause': ['viewer', 'operator', 'admin'],
  'PUT /api/v1/pause': ['operator', 'admin'],
  'GET /api/v1/storm': ['viewer', 'operator', 'admin'],
  'DELETE /api/v1/storm': ['operator', 'admin'],
  'GET /api/v1/pauses': ['viewer', 'operator', 'admin'],
  'POST /api/v1/pauses': ['operator', 'admin'],
  'DELETE /api/v1/pauses/:id': ['operator', 'admin'],
  'GET /api/v1/safe-mode/:service': ['viewer', 'operator', 'admin'],
  'GET /api/v1/audit': ['viewer', 'operator', 'admin'],
  'GET /api/v1/audit/head': ['viewer', 'operator', 'admin'],
  'GET /api/v1/stats': ['viewer', 'operator', 'admin'],
  'POST /api/v1/reload': ['admin'],
}

const roles: readonly Role[] = ['webhook', 'viewer', 'operator', 'admin']
const tokens = roles.map((role) => token(role))

test('the contract and the route table name the same routes', () => {
  expect(routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).toSorted()).toEqual(
    Object.keys(contract).toSorted(),
  )
})

test.each(Object.entries(contract))(
  '%s opens to the roles of the contract and to nobody else',
  async (route, allowed) => {
    const world = fakeWorld({ auth: { tokens } })
    world.incidents = [incident('i1')]
    const { ask } = await serve(world)
    const [method, path] = route.split(' ') as [string, string]
    const address = path.replace(':id', 'i1').replace(':name', 'restart').replace(':service', 'shop')
    const refused = async (headers: Record<string, string>) => {
      const body = method === 'GET' ? {} : { body: '{}' }
      const answer = await ask(address, {
        method,
        headers: { 'Content-Type': 'application/json', ...headers },
        ...body,
      })
      return answer.status === 401 || answer.status === 403 ? answer.status : null
    }
    for (const role of roles) {
      const expected = allowed === 'everybody' || allowed.includes(role) ? null : 403
      expect([role, await refused(bearer(`${role}-token`))]).toEqual([role, expected])
    }
    const unknown = allowed === 'everybody' ? null : 401
    expect(await refused({})).toBe(unknown)
    expect(await refused(bearer('wrong'))).toBe(unknown)
    expect(await refused({ Authorization: 'Basic admin-token' })).toBe(unknown)
  },
)

test('a refusal names the next step and no token', async () => {
  const { ask } = await serve(fakeWorld({ auth: { tokens } }))
  const answer = await ask('/api/v1/incidents', { headers: bearer('guess') })
  expect(answer.headers.get('www-authenticate')).toContain('Bearer')
  expect(answer.body.error).toMatchObject({ code: 'unauthorized', next: expect.stringContaining('HEPAR_TOKEN') })
  expect(JSON.stringify(answer.body)).not.toMatch(/guess|admin-token/)
})

test('without tokens every local caller is admin, unless it comes by another name or from another page', async () => {
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
