import { expect, test } from 'vitest'
import { createHttpProbe } from '../../../src/adapters/http-client/probe.ts'
import { startSink } from '../../kit/sink.ts'

const probe = createHttpProbe()

test('the status is the answer, whatever it is, and no redirect is followed', async () => {
  await using sink = await startSink({ answer: { code: 302, headers: { location: '/elsewhere' } } })
  expect(await probe(`${sink.url}/health?x=1`, 2_000)).toEqual({ ok: true, status: 302 })
  sink.answer({ code: 503 })
  expect(await probe(sink.url, 2_000)).toEqual({ ok: true, status: 503 })
  expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /health?x=1', 'GET /'])
})

test('a body that never ends does not matter, an answer that never begins is bounded', async () => {
  await using sink = await startSink({ answer: { body: 'x'.repeat(100_000), hang: 'after' } })
  expect(await probe(sink.url, 2_000)).toEqual({ ok: true, status: 200 })
  sink.answer({ hang: 'before' })
  expect(await probe(sink.url, 100)).toEqual({ ok: false, reason: 'no answer within 100 ms' })
})

test('it connects to the address that was checked, and asks under the name', async () => {
  await using sink = await startSink()
  const loopback = createHttpProbe({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
  expect(await loopback(`http://app.internal:${sink.port}/`, 2_000)).toEqual({ ok: true, status: 200 })
  expect(sink.requests[0]?.headers.host).toBe(`app.internal:${sink.port}`)
})

test('a name that hangs in resolution is bounded', async () => {
  const hanging = createHttpProbe({ resolve: () => new Promise(() => {}) })
  expect(await hanging('http://app.internal/', 50)).toEqual({ ok: false, reason: 'no answer within 50 ms' })
})

const refused: readonly string[] = [
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xA9FEA9FE/',
  'http://[::ffff:169.254.169.254]/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://100.100.100.200/',
  'http://0.0.0.0/',
  'http://255.255.255.255/',
]

for (const url of refused) {
  test(`${url} is refused`, async () => {
    expect(await probe(url, 1_000)).toEqual({ ok: false, reason: expect.stringContaining('probes may not ask') })
  })
}

test('a name with one forbidden address is refused', async () => {
  const rebound = createHttpProbe({
    resolve: async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ],
  })
  const reason = '169.254.169.254 is an address probes may not ask'
  expect(await rebound('http://app.internal/', 1_000)).toEqual({ ok: false, reason })
})

test('other schemes, credentials and what is no URL are refused', async () => {
  expect(await probe('file:///etc/passwd', 100)).toEqual({ ok: false, reason: 'file: is not http: or https:' })
  expect(await probe('http://me:word@127.0.0.1/', 100)).toEqual({ ok: false, reason: 'the URL contains credentials' })
  expect(await probe('not a url', 100)).toEqual({ ok: false, reason: 'the URL cannot be read' })
})
