import { expect, test } from 'vitest'
import { createDeliver } from '../../../src/adapters/notify/deliver.ts'
import { secret } from '../../../src/domain/secret.ts'
import { startSink } from '../../kit/sink.ts'

const message = { channel: 'oncall', idempotencyKey: 'incident-1:handed-over', body: { summary: 'please look' } }

test('a message is posted as JSON with its idempotency key', async () => {
  await using sink = await startSink({ answer: { code: 202, body: 'x'.repeat(200_000) } })
  const peer = { url: `${sink.url}/hook?room=1`, headers: {}, bearer: secret('t0ken') }
  const deliver = createDeliver(() => [{ name: 'oncall', peer }])
  expect(await deliver(message)).toEqual({ ok: true })
  const [request] = sink.requests
  expect(request).toMatchObject({ method: 'POST', path: '/hook?room=1', body: '{"summary":"please look"}' })
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': 'incident-1:handed-over',
    authorization: 'Bearer t0ken',
  })
})

test('what may pass is tried again, what cannot is not', async () => {
  await using sink = await startSink()
  const deliver = createDeliver(() => [{ name: 'oncall', peer: { url: sink.url, headers: {} } }], { timeoutMs: 200 })
  const retries = async (code: number) => {
    sink.answer({ code })
    const result = await deliver(message)
    return result.ok ? 'ok' : result.retry
  }
  for (const code of [408, 429, 500, 503]) expect(await retries(code)).toBe(true)
  for (const code of [301, 400, 401, 404, 410, 422]) expect(await retries(code)).toBe(false)
  for (const code of [200, 201, 204]) expect(await retries(code)).toBe('ok')
  sink.answer({ hang: 'before' })
  expect(await deliver(message)).toMatchObject({ ok: false, retry: true, reason: expect.stringContaining('200 ms') })
})

test('a channel that is not configured, or does not listen, is said so', async () => {
  const deliver = createDeliver(() => [{ name: 'oncall', peer: { url: 'http://127.0.0.1:9', headers: {} } }])
  expect(await deliver(message)).toMatchObject({ ok: false, retry: true })
  expect(await deliver({ ...message, channel: 'nobody' })).toEqual({
    ok: false,
    retry: false,
    reason: 'no channel "nobody" under notify in the configuration',
  })
})
