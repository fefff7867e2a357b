import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { formatProblem } from '../../src/domain/policy.ts'
import { createHttp, defaultServerLimits, type ServerLimits } from '../../src/http/server.ts'
import { run } from '../cli/run.ts'
import { connectRaw } from '../kit/raw-http.ts'
import { fakeWorld, token } from './fake-parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-tls-'))
const file = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })

function makeCertificate(name: string, subject: string): void {
  const san = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-subj',
    `/CN=${subject}`,
    '-out',
    'request.csr',
  )
  writeFileSync(file('extensions'), san)
  openssl(
    'x509',
    '-req',
    '-in',
    'request.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'extensions',
    '-out',
    `${name}.pem`,
  )
}

beforeAll(() => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  )
  for (const name of ['first', 'second', 'client']) makeCertificate(name, name)
})

async function serveTls(clientCa: string | null = null, limits: Partial<ServerLimits> = {}) {
  for (const ending of ['pem', 'key']) copyFileSync(file(`first.${ending}`), file(`server.${ending}`))
  const tls = { cert: file('server.pem'), key: file('server.key'), clientCa }
  const world = fakeWorld({ tls, auth: { tokens: [token('admin')] } })
  const server = createHttp(world.parts, { ...defaultServerLimits, ...limits })
  const { url, port } = await server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  return { server, url, port, world }
}

/** Asks over TLS; rejects when there is no handshake. */
function ask(port: number, options: object = {}, headers: Record<string, string> = {}, body?: string) {
  return new Promise<{ status?: number; subject: string; socket: TLSSocket; cookie?: string }>((resolve, reject) => {
    const path = body === undefined ? '/readyz' : '/login'
    const method = body === undefined ? 'GET' : 'POST'
    const given = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      ca: readFileSync(file('ca.pem')),
      agent: false as const,
    }
    const asked = request({ ...given, ...options }, (response) => {
      const socket = response.socket as TLSSocket
      const subject = socket.getPeerCertificate().subject?.CN as string
      const cookie = response.headers['set-cookie']?.[0]
      response.resume().on('end', () =>
        resolve({
          ...(response.statusCode && { status: response.statusCode }),
          subject,
          socket,
          ...(cookie && { cookie }),
        }),
      )
    })
    asked.on('error', reject).end(body)
  })
}

test('with a certificate Hepar speaks HTTPS alone, and its cookies are Secure', async () => {
  const { url, port } = await serveTls()
  expect(url).toBe(`https://127.0.0.1:${port}`)
  expect(await ask(port)).toMatchObject({ status: 200, subject: 'first' })
  await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow()
  const type = 'application/x-www-form-urlencoded'
  const { cookie } = await ask(port, {}, { Origin: url, 'Content-Type': type }, 'token=admin-token')
  expect(cookie).toMatch(/^__Host-hepar_session=.*; Secure$/)
})

test('nothing older than TLS 1.2 is spoken', async () => {
  const { port } = await serveTls()
  const shake = (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string>((resolve) => {
      const options = {
        host: '127.0.0.1',
        port,
        minVersion: 'TLSv1' as const,
        maxVersion,
        ciphers: 'DEFAULT@SECLEVEL=0',
      }
      const socket = connect({ ...options, ca: readFileSync(file('ca.pem')) }, () => {
        resolve(socket.getProtocol() ?? 'none')
        socket.destroy()
      })
      socket.on('error', () => resolve('refused'))
    })
  expect([await shake('TLSv1.1'), await shake('TLSv1.2'), await shake('TLSv1.3')]).toEqual([
    'refused',
    'TLSv1.2',
    'TLSv1.3',
  ])
})

test('a renewed certificate is taken over, and a connection that stands goes on', async () => {
  const { server, port } = await serveTls()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const before = await ask(port, { agent })
  for (const ending of ['pem', 'key']) copyFileSync(file(`second.${ending}`), file(`server.${ending}`))
  server.renew()
  const standing = await ask(port, { agent })
  expect([standing.socket === before.socket, standing.status, standing.subject]).toEqual([true, 200, 'first'])
  expect((await ask(port)).subject).toBe('second')
  copyFileSync(file('first.key'), file('server.key'))
  expect(() => server.renew()).toThrow()
  expect((await ask(port)).subject).toBe('second')
})

test('a Hepar that runs takes a renewed certificate over, also beside a playbook with mistakes', async () => {
  const home = mkdtempSync(join(tmpdir(), 'hepar-renewed-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const put = (name: string) => {
    for (const ending of ['pem', 'key']) copyFileSync(file(`${name}.${ending}`), join(home, `server.${ending}`))
  }
  put('first')
  for (const name of ['rules', 'plugins']) mkdirSync(join(home, name))
  const written = 'listen: 127.0.0.1:0\nplugins: plugins\nwatch: false\ndocker: { exporter: { enabled: false } }\n'
  writeFileSync(join(home, 'hepar.yaml'), `${written}tls: { cert: server.pem, key: server.key }\n`, { mode: 0o600 })
  const app = await createApp({
    configFile: join(home, 'hepar.yaml'),
    env: {},
    writeLog: () => {},
    prettyLog: false,
  })
  onTestFinished(() => app.close())
  const port = Number(new URL(app.url).port)
  expect((await ask(port)).subject).toBe('first')
  put('second')
  writeFileSync(join(home, 'rules/bad.yaml'), 'version: 7\n')
  expect((await app.reload({ dryRun: false, by: 'test' })).ok).toBe(false)
  expect((await ask(port)).subject).toBe('second')
})

test('connections are bounded under TLS, too: who is silent longest is cut', async () => {
  const { url, port } = await serveTls(null, { connectionsMax: 4 })
  const silent = Array.from({ length: 6 }, () => connectRaw(url))
  await Promise.all(silent.slice(0, 2).map(({ closed }) => closed))
  expect((await ask(port)).status).toBe(200)
  for (const { socket } of silent) socket.destroy()
})

test('with clientCa only clients that it signed are talked to', async () => {
  const { port } = await serveTls(file('ca.pem'))
  await expect(ask(port)).rejects.toThrow()
  const own = { cert: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) }
  expect((await ask(port, own)).status).toBe(200)
})

test('the command line trusts an authority of one’s own', async () => {
  const { url } = await serveTls()
  const env = { HEPAR_URL: url, HEPAR_TOKEN: 'admin-token' }
  expect(await run(['alerts'], env)).toMatchObject({ code: 1, err: expect.stringContaining('cannot reach') })
  expect(await run(['alerts'], { ...env, HEPAR_CA: file('ca.pem') })).toMatchObject({ code: 0 })
  expect(await run(['alerts'], { ...env, HEPAR_CA: file('nothing.pem') })).toMatchObject({
    code: 1,
    err: expect.stringContaining('HEPAR_CA cannot be read'),
  })
})

test('files that are no pair are named before anything listens with them', () => {
  const problems = (tls: string) => {
    writeFileSync(file('hepar.yaml'), `tls: ${tls}\n`, { mode: 0o600 })
    const reading = readConfig({ file: file('hepar.yaml'), env: {} })
    return reading.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''))
  }
  expect(problems('{ cert: first.pem, key: first.key }')).toEqual([])
  expect(problems('{ cert: first.pem, key: second.key }')).toEqual([
    'hepar.yaml:1:30: error: tls.key: the key in second.key does not belong to the certificate in first.pem',
  ])
  expect(problems('{ cert: first.key, key: first.pem }')).toEqual([
    expect.stringContaining('error: tls.cert: there is no certificate in first.key'),
    expect.stringContaining('error: tls.key: there is no private key in first.pem'),
    expect.stringContaining('warning: tls.key: everybody on this machine can read first.pem'),
  ])
  expect(problems('{ cert: first.pem }')[0]).toContain('tls.key')
  expect(problems('{ cert: gone.pem, key: first.key }')).toEqual([expect.stringContaining('there is no file gone.pem')])
})
