import fc from 'fast-check'
import { expect, test } from 'vitest'
import { successRate } from '../../src/domain/success-rate.ts'

const anyTrials = fc.integer({ min: 1, max: 5_000 }).chain((trials) => {
  return fc.record({ trials: fc.constant(trials), successes: fc.integer({ min: 0, max: trials }) })
})

test('the interval holds the share that was seen, and lies between 0 and 1', () => {
  fc.assert(
    fc.property(anyTrials, ({ successes, trials }) => {
      const { lower, upper } = successRate(successes, trials)
      const share = successes / trials
      expect(lower).toBeGreaterThanOrEqual(0)
      expect(upper).toBeLessThanOrEqual(1)
      expect(lower).toBeLessThanOrEqual(share)
      expect(upper).toBeGreaterThanOrEqual(share)
    }),
  )
})

test('one success more never lowers it, one failure more never raises it, and the same share seen more often narrows it', () => {
  fc.assert(
    fc.property(anyTrials, ({ successes, trials }) => {
      const one = successRate(successes, trials)
      const better = successRate(successes + 1, trials + 1)
      const worse = successRate(successes, trials + 1)
      const often = successRate(10 * successes, 10 * trials)
      expect(better.lower).toBeGreaterThanOrEqual(one.lower)
      expect(worse.lower).toBeLessThanOrEqual(one.lower)
      expect(worse.upper).toBeLessThanOrEqual(one.upper)
      expect(often.upper - often.lower).toBeLessThan(one.upper - one.lower + 1e-12)
    }),
  )
})

test('it is the interval of Wilson', () => {
  // Worked by hand from the published formula with z = 1.96.
  expect(successRate(8, 10).lower).toBeCloseTo(0.4902, 4)
  expect(successRate(8, 10).upper).toBeCloseTo(0.9433, 4)
  expect(successRate(0, 10).upper).toBeCloseTo(0.2775, 4)
  expect(successRate(0, 0)).toEqual({ lower: 0, upper: 1 })
})
