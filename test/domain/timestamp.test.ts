import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTimestampMs } from '../../src/domain/timestamp.ts'

test('every ISO time reads as the clock wrote it', () => {
  const dates = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(dates, (date) => {
      expect(parseTimestampMs(date.toISOString())).toBe(date.getTime())
    }),
  )
})

test('offsets and nanoseconds count', () => {
  expect(parseTimestampMs('2021-10-12T09:51:03.157076+02:00')).toBe(Date.UTC(2021, 9, 12, 7, 51, 3, 157))
  expect(parseTimestampMs('2021-10-12T23:51:03-02:30')).toBe(Date.UTC(2021, 9, 13, 2, 21, 3))
  expect(parseTimestampMs('2026-11-22T03:18:51.632999999Z')).toBe(Date.UTC(2026, 10, 22, 3, 18, 51, 632))
})

test.each([
  '2026-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01T00:00:00',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00.Z',
  '2026-01-01T00:00:00+0200',
  '2026-01-01',
  '1700000000',
  '',
  ' 2026-01-01T00:00:00Z',
])('%j is no time', (text) => expect(parseTimestampMs(text)).toBeNull())
