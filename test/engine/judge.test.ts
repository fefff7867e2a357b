import { expect, test } from 'vitest'
import type { CheckResult } from '../../src/domain/attempt.ts'
import { judge } from '../../src/engine/prove/judge.ts'

const passed: CheckResult = { check: 'inspect', passed: true, positive: true, detail: '' }
const cleared: CheckResult = { check: 'alert: cleared', passed: true, positive: false, detail: '' }
const failed: CheckResult = { check: 'inspect', passed: false, positive: true, detail: 'starting' }
const at = (now: number) => ({ now, forMs: 10_000, roundGapMaxMs: 15_000 })
const fresh = { heldSince: null, lastRoundAt: null, verifyUntil: 60_000 }

test('a first pass begins to hold and proves nothing yet', () => {
  expect(judge(fresh, [passed], at(5_000))).toEqual({ kind: 'hold', heldSince: 5_000 })
})

test('it is proven once it held for the whole time', () => {
  const held = { heldSince: 5_000, lastRoundAt: 13_000, verifyUntil: 60_000 }
  expect(judge(held, [passed, cleared], at(14_999))).toEqual({ kind: 'hold', heldSince: 5_000 })
  expect(judge(held, [passed, cleared], at(15_000))).toEqual({ kind: 'proven', heldSince: 5_000 })
})

test('a failing round starts the hold again', () => {
  const held = { heldSince: 5_000, lastRoundAt: 13_000, verifyUntil: 60_000 }
  expect(judge(held, [failed, cleared], at(15_000))).toEqual({ kind: 'hold', heldSince: null })
})

test('time during which nobody looked does not count', () => {
  const held = { heldSince: 5_000, lastRoundAt: 13_000, verifyUntil: 60_000 }
  expect(judge(held, [passed], at(40_000))).toEqual({ kind: 'hold', heldSince: 40_000 })
})

test('cleared alone is no proof', () => {
  const held = { heldSince: 5_000, lastRoundAt: 14_000, verifyUntil: 60_000 }
  expect(judge(held, [cleared], at(15_000))).toEqual({ kind: 'cleared_without_proof' })
})

test('only a failing round at or after the end of the window gives up', () => {
  expect(judge(fresh, [failed], at(59_999))).toEqual({ kind: 'hold', heldSince: null })
  expect(judge(fresh, [failed], at(60_000))).toEqual({ kind: 'not_proven', reason: 'inspect: starting' })
  expect(judge(fresh, [passed], at(90_000))).toEqual({ kind: 'hold', heldSince: 90_000 })
})
