import { expect, onTestFinished, test } from 'vitest'
import { connectRaw } from '../kit/raw-http.ts'
import { waitFor } from '../kit/wait.ts'
import { fakeWorld, token } from './fake-parts.ts'
import { bearer, json, serve } from './serve.ts'

const delivery = {
  version: '4',
  receiver: 'r',
  groupKey: '',
  groupLabels: {},
  externalURL: 'http://am:9093',
  alerts: [],
}

/** Connections that say this much and then nothing more. */
function silent(url: string, count: number, said = '') {
  const held = Array.from({ length: count }, () => connectRaw(url))
  for (const { socket } of held) socket.write(said)
  onTestFinished(() => {
    for (const { socket } of held) socket.destroy()
  })
  return held
}

test.each([
  ['nothing', ''],
  ['half a head', 'GET /livez HTTP/1.1\r\nHost: x\r\n'],
  [
    'half a body',
    'POST /webhook/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ],
  ['a whole request', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
])('whoever holds every connection after saying %s keeps nobody out', async (_, said) => {
  const { url, ask } = await serve(fakeWorld(), { connectionsMax: 4 })
  const held = silent(url, 12, said)
  await Promise.all(held.slice(0, 8).map(({ closed }) => closed))
  for (let turn = 0; turn < 3; turn += 1)
    expect((await ask('/livez', { headers: { Connection: 'close' } })).status).toBe(200)
  expect(held.slice(-1).map(({ socket }) => socket.closed)).toEqual([false])
})

test('a request that Hepar works on is not cut, however many come after it', async () => {
  const world = fakeWorld()
  const commit = Promise.withResolvers<void>()
  world.commit = commit.promise
  const { url, ask } = await serve(world, { connectionsMax: 4 })
  const answer = ask('/webhook/alertmanager', json(delivery))
  await waitFor(() => world.received.length === 1, { what: 'the delivery to arrive' })
  const held = silent(url, 12)
  await Promise.all(held.slice(0, 8).map(({ closed }) => closed))
  commit.resolve()
  expect((await answer).status).toBe(200)
})

test('bodies of strangers do not take the memory that is there for deliveries', async () => {
  const world = fakeWorld({ auth: { tokens: [token('webhook')] } })
  const { limits } = world.parts.policy.current().config
  Object.assign(world.parts.policy.current().config, { limits: { ...limits, bodyBytesMax: 4 * 1024 * 1024 } })
  const { url, ask } = await serve(world, { bodiesHeldMax: 1 })
  const bytes = 1024 * 1024
  const form = 'Host: x\r\nContent-Type: application/x-www-form-urlencoded'
  const head = `POST /hooks/slack HTTP/1.1\r\n${form}\r\nContent-Length: ${bytes}\r\n\r\n`
  const held = silent(url, 5, head + 'x'.repeat(bytes - 1))
  await waitFor(() => held.some(({ received }) => received().includes(' 503 ')), { what: 'the fifth to be put off' })
  const large = { ...delivery, padding: 'x'.repeat(200_000) }
  expect((await ask('/webhook/alertmanager', json(large, bearer('webhook-token')))).status).toBe(200)
})
