import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closest, didYouMean, editDistance } from '../../src/domain/suggestion.ts'

test('a swapped, missing, added or changed letter is one step away', () => {
  expect(editDistance('timeotu', 'timeout')).toBe(1)
  expect(editDistance('timeou', 'timeout')).toBe(1)
  expect(editDistance('timeoutt', 'timeout')).toBe(1)
  expect(editDistance('timeaut', 'timeout')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
})

test('the distance is symmetric, zero only for equal texts, and never longer than the longer text', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b)
      expect(editDistance(b, a)).toBe(distance)
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})

test('the closest word is suggested and a far one is not', () => {
  expect(closest('soruces', ['sources', 'docker'])).toBe('sources')
  expect(didYouMean('Verfy', ['verify', 'when'])).toBe(', did you mean "verify"?')
  expect(didYouMean('banana', ['verify', 'when'])).toBe('')
})
