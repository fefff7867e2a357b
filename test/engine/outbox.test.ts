import { expect, onTestFinished, test } from 'vitest'
import type { OutboxMessage } from '../../src/domain/message.ts'
import type { Deliver } from '../../src/engine/tell/delivery-port.ts'
import { afterTry, createOutbox } from '../../src/engine/tell/outbox.ts'
import { simulate } from './simulate.ts'

const message: OutboxMessage = {
  id: 'm1',
  dedupeKey: 'handed_over:i1:3',
  incident: 'i1',
  channel: 'oncall',
  body: { reason: 'ill' },
  createdAt: 1_000,
  tries: 0,
  nextAt: 1_000,
  sentAt: null,
  gaveUpAt: null,
  lastError: null,
  receipt: null,
}
const refused = { ok: false, retry: true, reason: 'HTTP 503' } as const

test('a message that was not accepted is tried again with growing pauses, for a day', () => {
  const first = afterTry(message, refused, 2_000)
  expect(first).toMatchObject({ tries: 1, nextAt: 3_000, sentAt: null, gaveUpAt: null, lastError: 'HTTP 503' })
  expect(afterTry(first, refused, 3_000)).toMatchObject({ tries: 2, nextAt: 5_000 })
  expect(afterTry({ ...first, tries: 30 }, refused, 10_000)).toMatchObject({ nextAt: 70_000 })
  // After hours a minute more or less says nothing, and each try is an event.
  expect(afterTry({ ...first, tries: 70 }, refused, 3_601_000)).toMatchObject({ nextAt: 3_601_000 + 450_000 })
  expect(afterTry({ ...first, tries: 99 }, refused, 36_001_000)).toMatchObject({ nextAt: 36_001_000 + 900_000 })
  expect(afterTry(first, refused, 1_000 + 24 * 3_600_000)).toMatchObject({ gaveUpAt: 1_000 + 24 * 3_600_000 })
})

test('a message that cannot be accepted is given up at once, and one that was accepted is done', () => {
  expect(afterTry(message, { ...refused, retry: false }, 2_000)).toMatchObject({ gaveUpAt: 2_000, sentAt: null })
  expect(afterTry(message, { ok: true }, 2_000)).toMatchObject({ sentAt: 2_000, lastError: null })
})

/** An outbox with one message, beside the real one, whose channel answers as told. */
async function openOutbox(answers: Awaited<ReturnType<Deliver>>[]) {
  const simulation = await simulate()
  const { store, ports } = simulation
  const sent: string[] = []
  const deliver: Deliver = async ({ idempotencyKey }) => {
    sent.push(idempotencyKey)
    return answers.shift() ?? { ok: true }
  }
  const outbox = createOutbox({ ...ports, deliver })
  onTestFinished(() => outbox.close())
  await store.transaction('test', (tx) => tx.enqueue({ ...message, nextAt: simulation.now() }))
  const types = async () => (await store.read.audit({ limit: 99 })).map(({ type }) => type)
  return { simulation, outbox, sent, types }
}

test('every try carries the same key, each is an event, and none follows the one that was accepted', async () => {
  const { simulation, outbox, sent, types } = await openOutbox([refused])
  outbox.kick()
  await expect.poll(() => sent.length).toBe(1)
  await expect.poll(types).toEqual(['notification.failed'])
  simulation.pass(1_000)
  await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(2)
  await expect.poll(types).toEqual(['notification.failed', 'notification.sent'])
  // The one that follows shows that the outbox has looked again.
  const later = { ...message, id: 'm2', dedupeKey: 'later', nextAt: simulation.now() + 500_000 }
  await simulation.store.transaction('test', (tx) => tx.enqueue(later))
  simulation.pass(1_000_000)
  await expect.poll(() => sent.at(-1), { timeout: 10_000 }).toBe('later')
  expect(sent).toEqual([message.dedupeKey, message.dedupeKey, 'later'])
})

test('what cannot be written down is not sent', async () => {
  const { simulation, outbox, sent } = await openOutbox([])
  const { store } = simulation
  let ok = false
  let asked = 0
  const health = () => {
    asked += 1
    return { ok, reason: ok ? null : 'the disk is full' }
  }
  const careful = createOutbox({
    ...simulation.ports,
    store: { ...store, health },
    deliver: async () => ({ ok: true }),
  })
  onTestFinished(() => careful.close())
  careful.kick()
  await expect.poll(() => asked, { timeout: 10_000 }).toBeGreaterThan(1)
  expect((await store.read.outboxDue(1e15, 9)).map(({ tries }) => tries)).toEqual([0])
  ok = true
  await expect.poll(async () => store.read.outboxDue(1e15, 9), { timeout: 10_000 }).toEqual([])
  await outbox.close()
  expect(sent).toEqual([])
})

test('an answer that could not be written down is written down later, and its message not sent again', async () => {
  const { simulation, sent, outbox, types } = await openOutbox([])
  const { store } = simulation
  let refusals = 2
  const transaction = store.transaction
  Object.assign(simulation.ports.store, {
    transaction: async (label: string, work: never) => {
      if (label !== 'outbox' || refusals === 0) return transaction(label, work)
      refusals -= 1
      throw new Error('the disk is full')
    },
  })
  outbox.kick()
  await expect.poll(types, { timeout: 10_000 }).toEqual(['notification.sent'])
  expect(sent).toEqual([message.dedupeKey])
})

test('a message is not sent before its time', async () => {
  const { simulation, outbox, sent } = await openOutbox([])
  const { store } = simulation
  await store.transaction('test', (tx) =>
    tx.enqueue({ ...message, id: 'm2', dedupeKey: 'later', nextAt: simulation.now() + 1 }),
  )
  outbox.kick()
  await expect.poll(() => sent).toEqual([message.dedupeKey])
  await outbox.close()
  expect(sent).toEqual([message.dedupeKey])
})
