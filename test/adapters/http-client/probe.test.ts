import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpProbe } from '../../../src/adapters/http-client/probe.ts'
import { allowing } from '../../kit/allowing.ts'
import { startSink } from '../../kit/sink.ts'

test('the status is the answer, whatever it is, and no redirect is followed', async () => {
  await using sink = await startSink({ answer: { code: 302, headers: { location: '/elsewhere' } } })
  const probe = createHttpProbe(() => allowing(sink.url))
  expect(await probe(`${sink.url}/health?x=1`, 2_000)).toEqual({ ok: true, status: 302 })
  sink.answer({ code: 503 })
  expect(await probe(sink.url, 2_000)).toEqual({ ok: true, status: 503 })
  expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /health?x=1', 'GET /'])
})

test('a body that never ends does not matter, an answer that never begins is bounded', async () => {
  await using sink = await startSink({ answer: { body: 'x'.repeat(100_000), hang: 'after' } })
  const probe = createHttpProbe(() => allowing(sink.url))
  expect(await probe(sink.url, 2_000)).toEqual({ ok: true, status: 200 })
  sink.answer({ hang: 'before' })
  expect(await probe(sink.url, 100)).toEqual({ ok: false, reason: 'no complete answer within 100 ms' })
})

test('only what the rules in force allow is asked, at each question anew', async () => {
  await using sink = await startSink()
  let rules = allowing(`${sink.url}/health`)
  const probe = createHttpProbe(() => rules)
  expect(await probe(`${sink.url}/health/db`, 2_000)).toEqual({ ok: true, status: 200 })
  const refusal = {
    ok: false,
    reason: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ is not allow-listed .*http\.allow/),
  }
  expect(await probe(`${sink.url}/healthy`, 2_000)).toEqual(refusal)
  rules = []
  expect(await probe(`${sink.url}/health/db`, 2_000)).toEqual(refusal)
  expect(sink.requests).toHaveLength(1)
})

test('a server of a private authority is trusted where its rule names that authority, and nowhere else', async () => {
  const file = (name: string) => join(import.meta.dirname, '../../fixtures/tls', name)
  const own = { cert: readFileSync(file('server.pem')), key: readFileSync(file('server.key')) }
  const server = createServer(own, (_, response) => void response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/health`
  const [rule] = allowing(url)
  const trusting = (tls: object) => createHttpProbe(() => [{ ...rule!, ...tls }])(url, 2_000)
  expect(await trusting({ tls: { ca: file('ca.pem') } })).toEqual({ ok: true, status: 200 })
  expect(await trusting({})).toEqual({ ok: false, reason: expect.stringMatching(/certificate/) })
  expect(await trusting({ tls: { ca: file('none.pem') } })).toEqual({
    ok: false,
    reason: expect.stringMatching(/ENOENT/),
  })
})
