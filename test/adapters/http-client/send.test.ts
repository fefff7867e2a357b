import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { send } from '../../../src/adapters/http-client/send.ts'
import type { Peer } from '../../../src/domain/config.ts'
import { secret } from '../../../src/domain/secret.ts'
import { startSink } from '../../kit/sink.ts'

const tls = (file: string) => join(import.meta.dirname, '../../fixtures/tls', file)
const bounds = { timeoutMs: 2_000, bytesMax: 1_000 }

test('credentials, headers and the path under a base URL reach the peer', async () => {
  await using sink = await startSink({ answer: { body: 'yes' } })
  const peer: Peer = { url: `${sink.url}/prometheus/`, headers: { 'X-Scope-OrgID': 'team-a' } }
  const basic = { user: 'hepar', password: secret('pass:word') }
  expect(await send({ ...peer, basic }, { path: '/api?x=1', ...bounds })).toMatchObject({
    ok: true,
    status: 200,
    body: 'yes',
  })
  expect(await send({ ...peer, bearer: secret('t0ken') }, { path: '', ...bounds })).toMatchObject({ ok: true })
  const inUrl = { ...peer, url: sink.url.replace('http://', 'http://me:a%40b@') }
  await send(inUrl, { path: '/', ...bounds })
  const [first, second, third] = sink.requests
  expect(first?.path).toBe('/prometheus/api?x=1')
  expect(first?.headers).toMatchObject({
    'x-scope-orgid': 'team-a',
    authorization: `Basic ${Buffer.from('hepar:pass:word').toString('base64')}`,
  })
  expect(second?.path).toBe('/prometheus/')
  expect(second?.headers.authorization).toBe('Bearer t0ken')
  expect(third?.headers.authorization).toBe(`Basic ${Buffer.from('me:a@b').toString('base64')}`)
})

test('no reason shows credentials, in the URL or elsewhere', async () => {
  const peer: Peer = { url: 'http://me:hidden-word@127.0.0.1:9/path?token=hidden-token', headers: {} }
  const reply = await send(peer, { path: '/', ...bounds })
  expect(reply).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/path: .*ECONNREFUSED/),
  })
  const broken = await send(
    { url: 'http://127.0.0.1:9', bearer: secret('bad\nvalue'), headers: {} },
    { path: '/', ...bounds },
  )
  expect(JSON.stringify([reply, broken])).not.toMatch(/hidden|bad/)
})

test('a private authority, a client certificate and another server name are honoured', async () => {
  const options = {
    cert: readFileSync(tls('server.pem')),
    key: readFileSync(tls('server.key')),
    ca: readFileSync(tls('ca.pem')),
  }
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN)
  })
  await using closing = new AsyncDisposableStack()
  closing.defer(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const trusted = { ca: tls('ca.pem'), cert: tls('client.pem'), key: tls('client.key') }
  const ask = (peer: Omit<Peer, 'url' | 'headers'>) => send({ url, headers: {}, ...peer }, { path: '/', ...bounds })
  expect(await ask({ tls: trusted })).toMatchObject({ ok: true, body: 'client' })
  expect(await ask({ tls: { ...trusted, serverName: 'prometheus.test' } })).toMatchObject({ ok: true })
  expect(await ask({ tls: { ...trusted, serverName: 'elsewhere.test' } })).toMatchObject({ ok: false })
  expect(await ask({})).toMatchObject({ ok: false, reason: expect.stringMatching(/certificate/) })
  expect(await ask({ tls: { ca: tls('ca.pem') } })).toMatchObject({ ok: false })
  const missing = await ask({ tls: { ca: tls('missing.pem') } })
  expect(missing).toMatchObject({ ok: false, reason: expect.stringContaining('missing.pem') })
})

test('a long answer is an error, or cut where only the status matters', async () => {
  await using sink = await startSink({ answer: { body: 'x'.repeat(200_000) } })
  const peer = { url: sink.url, headers: {} }
  expect(await send(peer, { path: '', ...bounds })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('1000 bytes'),
  })
  expect(await send(peer, { path: '', ...bounds, beyond: 'cut' })).toMatchObject({ ok: true, status: 200 })
})

test('a peer that switches to another protocol is a failure, at once', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tea\r\n\r\n'),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    const reply = await send(
      { url: `http://127.0.0.1:${port}`, headers: {} },
      { path: '/', timeoutMs: 5_000, bytesMax: 1_000 },
    )
    expect(reply).toMatchObject({ ok: false, reason: expect.stringContaining('another protocol') })
  } finally {
    server.close()
  }
})
