import { expect, test } from 'vitest'
import { clockSkewMs } from '../../../src/adapters/http-client/clock-skew.ts'

const at = Date.UTC(2026, 0, 1)
const exchange = (aheadMs: number) => ({
  sentAt: at,
  receivedAt: at + 40,
  date: new Date(at + 20 + aheadMs).toUTCString(),
})

test('clocks that may be equal have no skew', () => {
  for (const aheadMs of [0, 10, 500, 979]) expect(clockSkewMs(exchange(aheadMs))).toBe(0)
  expect(clockSkewMs({ ...exchange(0), date: undefined })).toBe(0)
  expect(clockSkewMs({ ...exchange(0), date: 'yesterday' })).toBe(0)
})

test('a time of the peer minus the skew is never later than it was here, and at most a second and the exchange earlier', () => {
  for (const aheadMs of [90_000, 1_500, -1_500, -90_000]) {
    const peerNow = at + 20 + aheadMs
    const here = peerNow - clockSkewMs(exchange(aheadMs))
    expect(here).toBeLessThanOrEqual(at + 20)
    expect(here).toBeGreaterThan(at + 20 - 1_041)
  }
})
