import { expect, onTestFinished, test } from 'vitest'
import { createDeliver } from '../../src/adapters/notify/deliver.ts'
import type { OutboxMessage } from '../../src/domain/message.ts'
import type { Deliver } from '../../src/engine/tell/delivery-port.ts'
import { createOutbox } from '../../src/engine/tell/outbox.ts'
import { webhookChannel } from '../adapters/notify/channels.ts'
import { sampleMessage } from '../adapters/store/samples.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { simulate } from './simulate.ts'

async function openStore(messages: readonly Partial<OutboxMessage>[]) {
  const simulation = await simulate()
  const { store } = simulation
  const enqueue = (all: readonly Partial<OutboxMessage>[]) =>
    store.transaction('test', async (tx) => {
      for (const message of all) {
        const key = message.id ?? ''
        await tx.enqueue(
          sampleMessage({ dedupeKey: key, createdAt: simulation.now(), nextAt: simulation.now(), ...message }),
        )
      }
    })
  await enqueue(messages)
  const open = (deliver: Deliver) => {
    const outbox = createOutbox({ ...simulation.ports, deliver })
    onTestFinished(() => outbox.close())
    outbox.kick()
    return outbox
  }
  return { simulation, enqueue, open }
}

const many = (channel: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${channel}${index}`, incident: `${channel}-i${index}`, channel }))
const keysAt = (sink: Sink) => sink.requests.map(({ headers }) => headers['idempotency-key'])

test('a channel that hangs holds up no other, and gets no more than a few messages at once', async () => {
  await using hung = await startSink({ answer: { hang: 'before' } })
  await using well = await startSink()
  const { simulation, open } = await openStore([...many('hung', 30), ...many('well', 30)])
  const channels = [webhookChannel(hung.url, { name: 'hung' }), webhookChannel(well.url, { name: 'well' })]
  const deliver = createDeliver({
    channels: () => channels,
    externalUrl: () => null,
    clock: simulation.ports.clock,
    timeoutMs: 5_000,
  })
  const begun = performance.now()
  open(deliver)
  await expect.poll(() => well.requests.length, { timeout: 20_000 }).toBe(30)
  // The first of the other channel has not even run out of time.
  if (performance.now() - begun < 4_000) expect(hung.requests.length).toBeLessThanOrEqual(4)
  expect(new Set(keysAt(well)).size).toBe(30)
})

test('what one channel is told of one incident leaves in order, also when the first part has to be tried again', async () => {
  const { simulation, open } = await openStore([
    { id: 'a1', incident: 'a', channel: 'oncall' },
    { id: 'a2', incident: 'a', channel: 'oncall' },
    { id: 'a3', incident: 'a', channel: 'oncall' },
    { id: 'b1', incident: 'b', channel: 'oncall' },
    { id: 'other', incident: 'a', channel: 'team' },
  ])
  const sent: string[] = []
  let refusals = 1
  open(async ({ idempotencyKey }) => {
    if (idempotencyKey === 'a1' && refusals-- > 0) return { ok: false, retry: true, reason: 'busy' }
    sent.push(idempotencyKey)
    return { ok: true }
  })
  await expect.poll(() => [...sent].sort(), { timeout: 10_000 }).toEqual(['b1', 'other'])
  simulation.pass(1_000)
  await expect.poll(() => sent.slice(2), { timeout: 10_000 }).toEqual(['a1', 'a2', 'a3'])
})

test('a channel that asks to be left alone is, with all it has to say, and no other is', async () => {
  const { simulation, open, enqueue } = await openStore([{ id: 'a1', incident: 'a', channel: 'chat' }])
  const sent: string[] = []
  let busy = true
  open(async ({ channel, idempotencyKey }) => {
    sent.push(idempotencyKey)
    return busy && channel === 'chat'
      ? { ok: false, retry: true, reason: 'HTTP 429', retryAfterMs: 30_000 }
      : { ok: true }
  })
  await expect.poll(() => sent, { timeout: 10_000 }).toEqual(['a1'])
  await expect.poll(async () => (await simulation.store.read.outboxDue(1e15, 9))[0]?.tries).toBe(1)
  busy = false
  simulation.pass(29_000)
  await enqueue([
    { id: 'b1', incident: 'b', channel: 'chat' },
    { id: 'm1', incident: 'b', channel: 'mail' },
  ])
  await expect.poll(() => sent, { timeout: 10_000 }).toEqual(['a1', 'm1'])
  simulation.pass(1_000)
  await expect.poll(() => [...sent].sort(), { timeout: 10_000 }).toEqual(['a1', 'a1', 'b1', 'm1'])
})

test('a channel that asks to be left alone for very long is tried again after a quarter of an hour', async () => {
  const { simulation, open, enqueue } = await openStore([{ id: 'a1', incident: 'a', channel: 'chat' }])
  const sent: string[] = []
  open(async ({ idempotencyKey }) => {
    sent.push(idempotencyKey)
    return sent.length === 1 ? { ok: false, retry: true, reason: 'HTTP 429', retryAfterMs: 1e9 } : { ok: true }
  })
  await expect.poll(async () => (await simulation.store.read.outboxDue(1e15, 9))[0]?.tries).toBe(1)
  simulation.pass(14 * 60_000)
  await enqueue([
    { id: 'b1', incident: 'b', channel: 'chat' },
    { id: 'm1', incident: 'b', channel: 'mail' },
  ])
  await expect.poll(() => sent, { timeout: 10_000 }).toEqual(['a1', 'm1'])
  simulation.pass(60_000)
  await expect.poll(() => [...sent].sort(), { timeout: 10_000 }).toEqual(['a1', 'a1', 'b1', 'm1'])
})

test('a channel that asked to be left alone does not rest for the hours by which the clock is then set back', async () => {
  const { simulation, open, enqueue } = await openStore([])
  simulation.pass(1e9)
  await enqueue([{ id: 'a1', incident: 'a', channel: 'chat' }])
  const sent: string[] = []
  const outbox = open(async ({ idempotencyKey }) => {
    sent.push(idempotencyKey)
    return sent.length === 1 ? { ok: false, retry: true, reason: 'HTTP 429', retryAfterMs: 30_000 } : { ok: true }
  })
  await expect.poll(async () => (await simulation.store.read.outboxDue(1e15, 9))[0]?.tries).toBe(1)
  simulation.pass(-7_200_000)
  await enqueue([{ id: 'b1', incident: 'b', channel: 'chat' }])
  outbox.kick()
  await expect.poll(() => sent, { timeout: 10_000 }).toEqual(['a1', 'b1'])
})

test('a later message knows what was told before, and where it lies', async () => {
  const { open, enqueue } = await openStore([
    { id: 'a1', incident: 'a', channel: 'chat', body: { event: 'approval.asked', planDigest: 'd1' } },
    { id: 's1', incident: null, channel: 'chat', body: { event: 'storm.latched', storm: 3 } },
    { id: 'x1', incident: null, channel: 'chat', body: { event: 'playbook.demoted' } },
  ])
  const earlier: Record<string, unknown> = {}
  open(async (message) => {
    earlier[message.idempotencyKey] = message.earlier
    return { ok: true, receipt: `receipt of ${message.idempotencyKey}` }
  })
  await expect.poll(() => Object.keys(earlier).length, { timeout: 10_000 }).toBe(3)
  await enqueue([
    { id: 'a2', incident: 'a', channel: 'chat', body: { event: 'approval.decided' } },
    { id: 'a3', incident: 'a', channel: 'mail', body: { event: 'approval.decided' } },
    { id: 's2', incident: null, channel: 'chat', body: { event: 'storm.released', storm: 3 } },
    { id: 'x2', incident: null, channel: 'chat', body: { event: 'playbook.demoted' } },
  ])
  await expect.poll(() => Object.keys(earlier).length, { timeout: 10_000 }).toBe(7)
  expect(earlier).toMatchObject({
    a1: [],
    s1: [],
    a2: [{ event: 'approval.asked', planDigest: 'd1', receipt: 'receipt of a1' }],
    a3: [],
    s2: [{ event: 'storm.latched', planDigest: null, receipt: 'receipt of s1' }],
    x2: [],
  })
})
