import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Schedule } from '../../src/domain/schedule.ts'
import { nextStart, stretchAt } from '../../src/engine/facts/schedule.ts'

const hour = 3_600_000
const at = (text: string) => Date.parse(text)

function berlin(cron: string, durationMs = hour): Schedule {
  return { cron, durationMs, timeZone: 'Europe/Berlin' }
}

function stretch(schedule: Schedule, now: string) {
  const found = stretchAt(schedule, at(now))
  return found && [new Date(found.since).toISOString(), new Date(found.until).toISOString()]
}

describe('a stretch of time that comes again', () => {
  test('is in force from its first moment until before its end', () => {
    const schedule = berlin('0 8 * * mon-fri', 12 * hour)
    expect(stretch(schedule, '2026-01-05T06:59:59.999Z')).toBeNull()
    const monday = ['2026-01-05T07:00:00.000Z', '2026-01-05T19:00:00.000Z']
    expect(stretch(schedule, '2026-01-05T07:00:00.000Z')).toEqual(monday)
    expect(stretch(schedule, '2026-01-05T18:59:59.999Z')).toEqual(monday)
    expect(stretch(schedule, '2026-01-05T19:00:00.000Z')).toBeNull()
    expect(stretch(schedule, '2026-01-10T12:00:00.000Z')).toBeNull()
    expect(nextStart(schedule, at('2026-01-09T20:00:00Z'))).toBe(at('2026-01-12T07:00:00Z'))
  })

  test('keeps to the clock on the wall when summer begins and ends', () => {
    const schedule = berlin('0 8 * * *', 2 * hour)
    expect(stretch(schedule, '2026-03-28T07:30:00Z')?.[0]).toBe('2026-03-28T07:00:00.000Z')
    expect(stretch(schedule, '2026-03-29T06:30:00Z')?.[0]).toBe('2026-03-29T06:00:00.000Z')
    expect(stretch(schedule, '2026-10-24T06:30:00Z')?.[0]).toBe('2026-10-24T06:00:00.000Z')
    expect(stretch(schedule, '2026-10-25T07:30:00Z')?.[0]).toBe('2026-10-25T07:00:00.000Z')
    expect(nextStart(schedule, at('2026-03-28T12:00:00Z'))).toBe(at('2026-03-29T06:00:00Z'))
    expect(nextStart(schedule, at('2026-10-24T12:00:00Z'))).toBe(at('2026-10-25T07:00:00Z'))
  })

  test('that would begin in the hour that summer leaves out begins when that hour is over', () => {
    expect(stretch(berlin('30 2 * * *'), '2026-03-29T01:00:00Z')).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T02:00:00.000Z',
    ])
  })

  test('that begins in the hour that comes twice begins once, and lasts as long as time passes', () => {
    const schedule = berlin('30 2 * * *')
    const first = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']
    expect(stretch(schedule, '2026-10-25T00:30:00Z')).toEqual(first)
    expect(stretch(schedule, '2026-10-25T01:29:59Z')).toEqual(first)
    expect(stretch(schedule, '2026-10-25T01:30:00Z')).toBeNull()
    expect(nextStart(schedule, at('2026-10-25T00:30:00Z'))).toBe(at('2026-10-26T01:30:00Z'))
  })

  test('over the change of the clocks lasts neither an hour more nor less', () => {
    const night = berlin('0 22 * * *', 8 * hour)
    expect(stretch(night, '2026-03-29T01:30:00Z')).toEqual(['2026-03-28T21:00:00.000Z', '2026-03-29T05:00:00.000Z'])
    expect(stretch(night, '2026-10-25T01:30:00Z')).toEqual(['2026-10-24T20:00:00.000Z', '2026-10-25T04:00:00.000Z'])
  })

  test('is joined with the next where it is longer than the time between two', () => {
    const schedule = berlin('0 8,9,10 * * *', 90 * 60_000)
    const joined = ['2026-01-05T07:00:00.000Z', '2026-01-05T10:30:00.000Z']
    expect(stretch(schedule, '2026-01-05T07:10:00Z')).toEqual(joined)
    expect(stretch({ ...schedule }, '2026-01-05T09:40:00Z')?.[1]).toBe(joined[1])
    expect(stretch(schedule, '2026-01-05T10:30:00Z')).toBeNull()
  })

  test('that never ends is asked in bounded time, and tells an end that lies ahead', () => {
    const begun = performance.now()
    const found = stretchAt(berlin('* * * * *', 10 * 60_000), at('2026-01-05T10:30:00Z'))
    expect(found?.until).toBeGreaterThan(at('2026-01-05T11:30:00Z'))
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})

test('at any moment, in whatever order moments are asked about, it is what the list of all occurrences says', () => {
  const start = at('2026-03-27T00:00:00Z')
  const anySchedule = fc.record({
    cron: fc.constantFrom('30 2 * * *', '0 2 * * *', '*/20 1-3 * * *', '0 8 * * mon-fri', '15 */6 * * *', '0 0 29 * *'),
    durationMs: fc.constantFrom(60_000, hour, 7 * hour, 26 * hour),
    timeZone: fc.constantFrom('Europe/Berlin', 'UTC', 'America/New_York', 'Australia/Lord_Howe'),
  })
  const anyMoment = fc.tuple(fc.constantFrom(0, 212), fc.integer({ min: 0, max: 4 * 24 * hour }))
  fc.assert(
    fc.property(anySchedule, fc.array(anyMoment, { minLength: 1, maxLength: 8 }), (schedule, moments) => {
      for (const [days, ms] of moments) {
        const now = start + days * 24 * hour + ms
        const inForce = occurrences(schedule, now).some((begin) => begin <= now && now < begin + schedule.durationMs)
        expect(stretchAt(schedule, now) !== null).toBe(inForce)
      }
    }),
    { numRuns: 60 },
  )
}, 30_000)

/** Every occurrence of the last days, found minute by minute on the clock of the time zone, without the library. */
function occurrences({ cron, timeZone, durationMs }: Schedule, now: number): number[] {
  const [minutes, hours, days, , weekdays] = cron.split(' ').map((field) => field as string)
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    weekday: 'short',
  })
  const read = (time: number) => Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]))
  const found: number[] = []
  const last = Math.floor(now / 60_000) * 60_000
  let before = read(last - durationMs - 4 * hour - 60_000)
  for (let time = last - durationMs - 4 * hour; time <= last; time += 60_000) {
    const wall = read(time)
    const clock = Number(wall.hour) * 60 + Number(wall.minute)
    const was = Number(before.hour) * 60 + Number(before.minute)
    // What the clock skips comes when it has skipped; what it shows a second time does not come again where the hour is fixed.
    const skipped = clock > was + 1 ? Array.from({ length: clock - was - 1 }, (_, index) => was + 1 + index) : []
    const seen = [clock, ...skipped].some(
      (value) => fits(value % 60, minutes!, 60) && fits(Math.floor(value / 60), hours!, 24),
    )
    const day = fits(Number(wall.day), days!, 32)
    const weekday = weekdays === '*' || !['Sat', 'Sun'].includes(wall.weekday ?? '')
    if (seen && day && weekday && !isRepeat(time, read)) found.push(time)
    before = wall
  }
  return found
}

function isRepeat(time: number, read: (time: number) => Record<string, string>): boolean {
  const same = (a: Record<string, string>, b: Record<string, string>) =>
    a.hour === b.hour && a.minute === b.minute && a.day === b.day
  return [30 * 60_000, hour].some((back) => same(read(time), read(time - back)))
}

function fits(value: number, field: string, size: number): boolean {
  return field.split(',').some((part) => {
    const [range, step = '1'] = part.split('/') as [string, string?]
    const [from, to = from] = range === '*' ? ['0', String(size - 1)] : (range.split('-') as [string, string?])
    return value >= Number(from) && value <= Number(to) && (value - Number(from)) % Number(step) === 0
  })
}
