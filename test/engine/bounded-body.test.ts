import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import { boundedBody } from '../../src/engine/tell/bounded-body.ts'
import { tell } from '../../src/engine/tell/notices.ts'
import { simulate } from './simulate.ts'

test('a notice of usual size is left as it is', () => {
  const body = { incident: 'i1', reason: 'x'.repeat(4_000), needed: 2, link: null, alerts: [{ labels: { a: 'b' } }] }
  expect(boundedBody(body)).toEqual(body)
})

test('no text and no number of parts makes a notice large, and what stands beside them is kept', () => {
  const label = 'x'.repeat(65_536)
  const alerts = Array.from({ length: 10_000 }, () => ({ labels: { [label]: label } }))
  const numbers = Array.from({ length: 1_000_000 }, (_, index) => index)
  const body = boundedBody({ alerts, numbers, reason: label, expiresAt: 'soon' })
  expect(JSON.stringify(body).length).toBeLessThan(300_000)
  expect(body).toMatchObject({ expiresAt: 'soon', reason: `${'x'.repeat(3_999)}…` })
})

test('whatever its shape, a part is bounded, and bounded again it is the same', () => {
  const text = fc.tuple(fc.constantFrom('x', '😀', 'ab😀'), fc.integer({ min: 1_900, max: 4_100 }))
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), text, (value, [sign, count]) => {
      const body = boundedBody({ value, many: new Array(20).fill(sign.repeat(count)) } as JsonObject)
      expect(JSON.stringify(body.many).length).toBeLessThan(33_000)
      expect(JSON.stringify(body).isWellFormed()).toBe(true)
      expect(boundedBody(body)).toEqual(body)
    }),
    { numRuns: 30 },
  )
})

test('whatever is told, what goes into the outbox is bounded', async () => {
  const { store, ports } = await simulate()
  const body = { reason: 'x'.repeat(1e6), checks: Array.from({ length: 1e5 }, (_, index) => ({ index })) }
  const notice = { event: 'incident.handed_over', dedupeKey: 'd', incident: 'i1', channels: ['oncall'], body } as const
  await store.transaction('test', (tx) => tell(tx, notice, { now: 1_000, newId: ports.newId }))
  const [message] = await store.read.outboxDue(1e15, 9)
  expect(message?.body.event).toBe('incident.handed_over')
  expect(JSON.stringify(message?.body).length).toBeLessThan(300_000)
})
