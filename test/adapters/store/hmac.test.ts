import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacSha256 } from '../../../src/adapters/store/hmac.ts'

test('it is the HMAC that everyone else computes, for every key and text', () => {
  const secret = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => createSecretKey(bytes))
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ minLength: 1_300, maxLength: 9_000 }),
  )
  fc.assert(
    fc.property(secret, fc.array(text, { minLength: 1, maxLength: 4 }), (key, texts) => {
      for (const one of texts) expect(hmacSha256(key, one)).toBe(createHmac('sha256', key).update(one).digest('hex'))
    }),
    { numRuns: 300 },
  )
})
