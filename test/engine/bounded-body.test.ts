import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import { boundedBody } from '../../src/engine/tell/bounded-body.ts'

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
