import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { macOf } from '../../../src/adapters/store/chain.ts'
import { canonicalJson } from '../../../src/domain/json.ts'

test('the mac runs over the previous mac and the canonical header', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\u0000', '\u2028', 'é', '🫀', '\ud800') })
  const maybe = fc.option(text)
  const header = fc.record({
    seq: fc.nat(),
    type: fc.constant('alert.decided' as const),
    at: fc.nat(),
    actor: text,
    incident: maybe,
    attempt: maybe,
    playbook: maybe,
    target: maybe,
    digest: fc.string(),
    keyId: fc.string(),
  })
  const key = createSecretKey(Buffer.alloc(32, 7))
  fc.assert(
    fc.property(header, fc.string(), (line, previous) => {
      const expected = createHmac('sha256', key)
        .update(previous + canonicalJson(line))
        .digest('hex')
      expect(macOf(key, previous, line)).toBe(expected)
    }),
  )
})
