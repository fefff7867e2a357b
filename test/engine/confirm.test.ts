import { describe, expect, test } from 'vitest'
import { applyAnswer } from '../../src/engine/confirm.ts'
import type { OracleAnswer } from '../../src/engine/ports.ts'
import { someRecord } from '../kit/records.ts'

const noOracle: OracleAnswer = { kind: 'not_applicable', reason: 'no oracle' }
const away: OracleAnswer = { kind: 'unavailable', reason: 'it is away' }
const answered = (firing: boolean, evaluatedAt: number | null): OracleAnswer => ({
  kind: 'answered',
  firing,
  silencedBy: [],
  inhibitedBy: [],
  rule: { loaded: true, healthy: true, evaluatedAt },
  detail: '',
})
const now = 100_000
const limits = { alertAgeMaxMs: 50_000 }
const firing = someRecord({ lastSeenAt: 60_000 })
const resolved = someRecord({ status: 'resolved', resolvedAt: 70_000, resolvedBy: 'delivery', lastSeenAt: 70_000 })

describe('an alert that fires', () => {
  test('is over by an evaluation after it was last heard of, and by none before', () => {
    expect(applyAnswer(firing, answered(false, 60_000), now, limits)).toBeNull()
    expect(applyAnswer(firing, answered(false, 60_001), now, limits)?.record).toMatchObject({
      status: 'resolved',
      resolvedConfirmed: true,
    })
    expect(applyAnswer(firing, away, now, limits)).toBeNull()
  })

  test('that nobody can be asked about is given up, unconfirmed, once not heard of for its age', () => {
    expect(applyAnswer(firing, noOracle, now, limits)).toBeNull()
    const given = applyAnswer(firing, noOracle, 110_001, limits)
    expect(given?.record).toMatchObject({ status: 'resolved', resolvedConfirmed: false })
    expect(applyAnswer(given!.record, noOracle, 120_000, limits)).toBeNull()
  })
})

describe('an alert that is resolved', () => {
  test('is confirmed where there is no oracle by configuration, and by a later evaluation', () => {
    expect(applyAnswer(resolved, noOracle, now, limits)?.record).toMatchObject({ resolvedConfirmed: true })
    expect(applyAnswer(resolved, answered(false, 70_000), now, limits)).toBeNull()
    expect(applyAnswer(resolved, answered(false, 70_001), now, limits)?.record).toMatchObject({
      resolvedConfirmed: true,
    })
    expect(applyAnswer(resolved, away, now, limits)).toBeNull()
  })

  test('fires on when a later evaluation says so', () => {
    expect(applyAnswer(resolved, answered(true, 70_000), now, limits)).toBeNull()
    expect(applyAnswer(resolved, answered(true, 70_001), now, limits)?.record).toMatchObject({ status: 'firing' })
  })
})
