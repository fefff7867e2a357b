import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alert, AlertRecord } from '../../src/domain/alert.ts'
import { type Arrival, decideAlert } from '../../src/engine/receive/decide-alert.ts'
import { someAlert, someRecord } from '../kit/records.ts'

function arrival(more: Partial<Arrival> = {}): Arrival {
  return {
    source: 'main',
    receiver: 'hepar',
    groupLabels: {},
    now: 10_000,
    episodeGapMs: 60_000,
    newEpisode: 'new',
    ...more,
  }
}

describe('a firing alert', () => {
  test('begins an episode when it is new', () => {
    expect(decideAlert(someAlert(), undefined, arrival())).toMatchObject({
      kind: 'begins',
      record: { episode: 'new', status: 'firing' },
    })
  })

  test('is a duplicate while it fires, even when its start moved', () => {
    expect(decideAlert(someAlert(), someRecord(), arrival())).toMatchObject({ kind: 'duplicate' })
    const moved = decideAlert(someAlert({ startsAt: 4_000 }), someRecord(), arrival())
    expect(moved).toMatchObject({ kind: 'duplicate', record: { startsAt: 4_000, episode: 'e1' } })
    const back = decideAlert(someAlert({ startsAt: 500 }), someRecord(), arrival())
    expect(back).toMatchObject({ kind: 'duplicate', record: { startsAt: 1_000 } })
  })

  test('re-sent after resolved with an equal start is ambiguous: the source is asked', () => {
    const known = someRecord({ status: 'resolved', resolvedAt: 5_000 })
    expect(decideAlert(someAlert(), known, arrival())).toMatchObject({ kind: 'stale', askSource: true })
  })

  test('of an earlier firing is stale, even beside a resolution that claims to have ended before it began', () => {
    const known = someRecord({ status: 'resolved', startsAt: 5_000, resolvedAt: 2_000 })
    const alert = someAlert({ startsAt: 3_000 })
    expect(decideAlert(alert, known, arrival())).toMatchObject({ kind: 'stale', askSource: true })
  })

  test('fires again after the resolution: the same episode within the gap, a new one after it', () => {
    const known = someRecord({ status: 'resolved', resolvedAt: 5_000 })
    const soon = decideAlert(someAlert({ startsAt: 6_000 }), known, arrival())
    expect(soon).toMatchObject({ kind: 'begins', record: { episode: 'e1' } })
    const late = decideAlert(someAlert({ startsAt: 65_000 }), known, arrival({ now: 66_000 }))
    expect(late).toMatchObject({ kind: 'begins', record: { episode: 'new' } })
  })

  test('whose end has passed is stale', () => {
    expect(decideAlert(someAlert({ endsAt: 9_000 }), undefined, arrival())).toMatchObject({
      kind: 'stale',
      askSource: false,
    })
  })

  test('with other labels under a known fingerprint is rejected', () => {
    const alert = someAlert({ labels: { alertname: 'Ill', host: 'local', name: 'db' } })
    expect(decideAlert(alert, someRecord(), arrival())).toMatchObject({ kind: 'rejected' })
  })
})

describe('a resolved alert', () => {
  test('resolves what fires', () => {
    const alert = someAlert({ status: 'resolved', endsAt: 8_000 })
    expect(decideAlert(alert, someRecord(), arrival())).toMatchObject({
      kind: 'resolved',
      record: { status: 'resolved', resolvedAt: 8_000, resolvedConfirmed: false },
    })
  })

  test('whose end lies ahead is over from now on, so that what begins then is not taken for old', () => {
    const alert = someAlert({ status: 'resolved', endsAt: 9_999_999_999_999 })
    const reading = decideAlert(alert, someRecord(), arrival())
    expect(reading).toMatchObject({ kind: 'resolved', record: { resolvedAt: 10_000 } })
    const { record } = reading as { record: AlertRecord }
    const again = decideAlert(alert, record, arrival({ now: 11_000 }))
    expect(again).toMatchObject({ kind: 'duplicate' })
    const later = decideAlert(someAlert({ startsAt: 80_000 }), record, arrival({ now: 80_000 }))
    expect(later).toMatchObject({ kind: 'begins', record: { episode: 'new' } })
  })

  test('by a sender whose clock is ahead still makes the same firing ambiguous', () => {
    const ahead = { startsAt: 40_000 }
    const known = decideAlert(someAlert(ahead), undefined, arrival()) as { record: AlertRecord }
    const resolved = someAlert({ ...ahead, status: 'resolved', endsAt: 41_000 })
    const { record } = decideAlert(resolved, known.record, arrival({ now: 11_000 })) as { record: AlertRecord }
    const late = decideAlert(someAlert(ahead), record, arrival({ now: 12_000 }))
    expect(late).toMatchObject({ kind: 'stale', askSource: true })
  })

  test('of an earlier firing changes nothing about the present one', () => {
    const alert = someAlert({ status: 'resolved', startsAt: 1_000, endsAt: 2_000 })
    expect(decideAlert(alert, someRecord({ startsAt: 5_000 }), arrival())).toMatchObject({
      kind: 'stale',
      askSource: false,
    })
  })

  test('again is a duplicate, and moves no resolution back', () => {
    const known = someRecord({ status: 'resolved', resolvedAt: 8_000, resolvedConfirmed: true })
    const again = decideAlert(someAlert({ status: 'resolved', endsAt: 7_000 }), known, arrival())
    expect(again).toMatchObject({ kind: 'duplicate', record: { resolvedAt: 8_000, resolvedConfirmed: true } })
  })

  test('that overtook its firing keeps the late firing from starting anything', () => {
    const first = decideAlert(someAlert({ status: 'resolved', endsAt: 8_000 }), undefined, arrival())
    expect(first.kind).toBe('resolved')
    const record = (first as { record: AlertRecord }).record
    expect(decideAlert(someAlert(), record, arrival())).toMatchObject({ kind: 'stale', askSource: true })
  })
})

/** A history of firings that do not overlap, each told any number of times, in any order. */
const anyHistory = fc
  .array(fc.record({ ill: fc.integer({ min: 1, max: 50 }), gap: fc.integer({ min: 1, max: 200 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((periods) => {
    let at = 1_000
    const alerts: Alert[] = []
    for (const { ill, gap } of periods) {
      const startsAt = at
      at += ill * 1_000
      alerts.push(someAlert({ startsAt }), someAlert({ startsAt, status: 'resolved', endsAt: at }))
      at += gap * 1_000
    }
    const ordered = fc.constant(alerts)
    const shuffled = fc.array(fc.constantFrom(...alerts), { minLength: 1, maxLength: 20 })
    return fc.record({ alerts: fc.oneof(ordered, shuffled), now: fc.constant(at) })
  })

test('in any order and repetition, each firing period begins at most once and never after its own resolution', () => {
  let begun = 0
  let runs = 0
  fc.assert(
    fc.property(anyHistory, ({ alerts, now }) => {
      runs += 1
      let known: AlertRecord | undefined
      const begins: number[] = []
      const ends = new Set<number>()
      for (const alert of alerts) {
        const reading = decideAlert(alert, known, arrival({ now, newEpisode: `e${alert.startsAt}` }))
        if (alert.status === 'resolved') ends.add(alert.startsAt)
        if (reading.kind === 'begins') {
          expect(ends.has(alert.startsAt)).toBe(false)
          begins.push(alert.startsAt)
        }
        if ('record' in reading) known = reading.record
      }
      expect(new Set(begins).size).toBe(begins.length)
      expect([...begins].sort((a, b) => a - b)).toEqual(begins)
      if (begins.length > 0) begun += 1
    }),
    { numRuns: 2_000 },
  )
  expect(begun / runs).toBeGreaterThan(0.5)
})

test('the same delivery again is never more than a duplicate', () => {
  fc.assert(
    fc.property(anyHistory, ({ alerts, now }) => {
      let known: AlertRecord | undefined
      for (const alert of alerts) {
        const reading = decideAlert(alert, known, arrival({ now }))
        if ('record' in reading) known = reading.record
        const again = decideAlert(alert, known, arrival({ now }))
        expect(['duplicate', 'stale']).toContain(again.kind)
      }
    }),
    { numRuns: 1_000 },
  )
})
