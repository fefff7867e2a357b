import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isOfStorm,
  noStorm,
  type Storm,
  type StormFacts,
  type StormLimits,
  type TrialEnd,
} from '../../src/domain/storm.ts'
import { nextMove, placesLeft, settledStorm } from '../../src/engine/storm/storm.ts'

const limits: StormLimits = {
  incidentsMax: 20,
  windowMs: 60_000,
  coolDownMs: 600_000,
  ramp: [1, 2, 4],
  stepMs: 60_000,
  errorsPercentMax: 25,
}
const at = 1_000_000_000_000

function latched(more: Partial<Storm> = {}): Storm {
  const begun = {
    number: 1,
    since: at,
    from: at - 60_000,
    cause: 'incidents',
    calmSince: at + 60_000,
    latches: 1,
  } as const
  return { ...begun, phase: 'latched', step: 0, stepSince: at, trials: [], ...more }
}

function facts(storm: Storm | null, trials: readonly TrialEnd[] = [], crossedAt: number | null = null): StormFacts {
  const named = storm && { ...storm, trials: trials.map((_, index) => `t${index}`) }
  return { record: { ...noStorm, storm: named }, crossedAt, trials }
}

const move = (seen: StormFacts, now: number) => {
  const { record, move } = nextMove(seen, limits, now)
  return { move, storm: record.storm }
}
const ramping = (step: number, more: Partial<Storm> = {}) => latched({ phase: 'ramping', step, ...more })

describe('the latch', () => {
  test('falls as soon as one incident too many is in the window', () => {
    expect(move(facts(null), at)).toEqual({ move: null, storm: null })
    const fallen = move(facts(null, [], at - 100), at)
    expect(fallen).toMatchObject({ move: 'latched', storm: { phase: 'latched', number: 1, latches: 1 } })
    expect(fallen.storm?.calmSince).toBe(at - 100 + limits.windowMs)
  })

  test('holds until the rate has been low for the whole cool-down', () => {
    const storm = latched()
    expect(move(facts(storm), at + 659_999)).toEqual({ move: null, storm })
    expect(move(facts(storm), at + 660_000)).toMatchObject({ move: 'ramped', storm: { phase: 'ramping', step: 0 } })
    const still = move(facts(storm, [], at + 30_000), at + 40_000)
    expect(still).toMatchObject({ move: null, storm: { calmSince: at + 90_000 } })
  })

  test('is not stretched by a clock that was set back, by more than a window', () => {
    const back = at - 86_400_000
    expect(move(facts(latched()), back).storm?.calmSince).toBe(back + limits.windowMs)
  })
})

describe('the ramp', () => {
  test.each<[string, Storm, readonly TrialEnd[], number, object]>([
    ['goes on when its one effect helped', ramping(0), ['well'], at, { move: 'ramped', storm: { step: 1 } }],
    ['waits for its effects', ramping(1), ['well', 'under_way'], at + 3_600_000, { move: null }],
    ['waits for all its effects', ramping(1), ['well'], at + 59_999, { move: null }],
    ['does not wait longer than a step for more to do', ramping(1), ['well'], at + 60_000, { move: 'ramped' }],
    ['ends without any effect when nothing is ill any more', ramping(2), [], at + 60_000, { move: 'released' }],
    ['is through after the last step', ramping(2), ['well', 'well', 'well', 'unwell'], at, { move: 'released' }],
    ['latches when its first effect did not help', ramping(0), ['unwell'], at, { move: 'latched' }],
    [
      'latches as soon as too many of a step did not help',
      ramping(2),
      ['unwell', 'unwell', 'under_way'],
      at,
      { move: 'latched', storm: { cause: 'errors', latches: 2, calmSince: at, trials: [] } },
    ],
    ['latches when few began and they did not help', ramping(2), ['unwell'], at + 60_000, { move: 'latched' }],
    ['does not take what never began for an answer', ramping(0), ['called_off'], at, { move: null }],
  ])('%s', (_, storm, trials, now, expected) => {
    expect(move(facts(storm, trials), now)).toMatchObject(expected)
  })

  test('latches when the rate is too high again, as the same storm', () => {
    const again = move(facts(ramping(2), ['well'], at + 5), at + 10)
    expect(again).toMatchObject({ move: 'latched', storm: { number: 1, cause: 'incidents', latches: 2 } })
  })

  test('never lets more through in a step than it is wide, whatever has become of them', () => {
    const ends = fc.constantFrom<TrialEnd>('under_way', 'well', 'unwell')
    fc.assert(
      fc.property(fc.nat(2), fc.array(ends, { maxLength: 8 }), fc.nat(8), (step, trials, off) => {
        const storm = ramping(step)
        const left = placesLeft(storm, [...trials, ...new Array<TrialEnd>(off).fill('called_off')], limits)
        expect(left).toBe(Math.max(0, (limits.ramp[step] as number) - trials.length))
      }),
    )
  })
})

test('whatever the facts, settling ends, and only three steps without failure or a calm past lead out of a storm', () => {
  const anyStorm = fc.record({
    phase: fc.constantFrom<Storm['phase']>('latched', 'ramping'),
    step: fc.nat(5),
    calmSince: fc.integer({ min: at - 1_000_000, max: at + 1_000_000 }),
    stepSince: fc.integer({ min: at - 1_000_000, max: at + 1_000_000 }),
  })
  const ends = fc.array(fc.constantFrom<TrialEnd>('under_way', 'well', 'unwell', 'called_off'), { maxLength: 6 })
  fc.assert(
    fc.property(anyStorm, ends, fc.option(fc.integer({ min: -59_999, max: 59_999 })), (more, trials, ago) => {
      const seen = facts(latched(more), trials, ago === null ? null : at + ago)
      const { record } = settledStorm(seen, limits, at)
      if (record.storm !== null) return
      expect(seen.crossedAt).toBeNull()
      expect(more.phase).toBe('ramping')
      expect(more.step).toBeGreaterThanOrEqual(2)
      expect(trials).not.toContain('under_way')
    }),
  )
})

test('an incident belongs to the storm in which it began, also when that is over', () => {
  const storm = latched()
  const last = { number: 1, since: at, from: at - 60_000, endedAt: at + 900_000 }
  expect(isOfStorm({ ...noStorm, storm }, { acceptedAt: at - 60_000 })).toBe(true)
  expect(isOfStorm({ ...noStorm, storm }, { acceptedAt: at - 60_001 })).toBe(false)
  expect(isOfStorm({ ...noStorm, last }, { acceptedAt: at })).toBe(true)
  expect(isOfStorm({ ...noStorm, last }, { acceptedAt: at + 900_001 })).toBe(false)
  expect(isOfStorm(noStorm, { acceptedAt: at })).toBe(false)
})
