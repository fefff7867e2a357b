import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { secret } from '../../../src/domain/secret.ts'
import { startSink } from '../../kit/sink.ts'
import { deliverTo, noon, outgoing, webhookChannel } from './channels.ts'

const message = outgoing('oncall', { summary: 'please look' }, { idempotencyKey: 'incident-1:handed-over' })

test('a message is posted as JSON with its idempotency key', async () => {
  await using sink = await startSink({ answer: { code: 202, body: 'x'.repeat(200_000) } })
  const peer = { url: `${sink.url}/hook?room=1`, headers: {}, bearer: secret('t0ken') }
  expect(await deliverTo(webhookChannel('', { peer }))(message)).toEqual({ ok: true })
  const [request] = sink.requests
  expect(request).toMatchObject({ method: 'POST', path: '/hook?room=1', body: '{"summary":"please look"}' })
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': 'incident-1:handed-over',
    authorization: 'Bearer t0ken',
  })
  expect(request?.headers).not.toHaveProperty('x-hepar-signature')
})

test('a webhook with a secret is signed over its time and its very bytes', async () => {
  await using sink = await startSink()
  await deliverTo(webhookChannel(sink.url, { secret: secret('shared secret') }))(message)
  const { headers, body } = sink.requests[0]!
  const timestamp = headers['x-hepar-timestamp']
  expect(Number(timestamp)).toBe(noon / 1_000)
  const wanted = createHmac('sha256', 'shared secret').update(`${timestamp}.${body}`).digest('hex')
  expect(headers['x-hepar-signature']).toBe(`v1=${wanted}`)
})

test('what may pass or may be mended is tried again, what judges the message is not', async () => {
  await using sink = await startSink()
  const deliver = deliverTo(webhookChannel(sink.url), { timeoutMs: 200 })
  const retries = async (code: number) => {
    sink.answer({ code })
    const result = await deliver(message)
    return result.ok ? 'ok' : result.retry
  }
  for (const code of [301, 401, 403, 404, 407, 408, 410, 429, 500, 503]) expect(await retries(code)).toBe(true)
  for (const code of [400, 409, 413, 415, 422]) expect(await retries(code)).toBe(false)
  for (const code of [200, 201, 204]) expect(await retries(code)).toBe('ok')
  sink.answer({ hang: 'before' })
  expect(await deliver(message)).toMatchObject({ ok: false, retry: true, reason: expect.stringContaining('200 ms') })
})

test('how long a channel wants to be left alone is heard', async () => {
  await using sink = await startSink({ answer: { code: 429, headers: { 'retry-after': '7' } } })
  const deliver = deliverTo(webhookChannel(sink.url))
  expect(await deliver(message)).toMatchObject({ ok: false, retry: true, retryAfterMs: 7_000 })
  sink.answer({ code: 429, headers: { 'retry-after': 'never' } })
  expect(await deliver(message)).not.toHaveProperty('retryAfterMs')
})

test('a channel that is not configured, or does not listen, is said so', async () => {
  const deliver = deliverTo(webhookChannel('http://127.0.0.1:9'))
  expect(await deliver(message)).toMatchObject({ ok: false, retry: true })
  expect(await deliver({ ...message, channel: 'nobody' })).toEqual({
    ok: false,
    retry: true,
    reason: 'no channel "nobody" under notify in the configuration',
  })
})
