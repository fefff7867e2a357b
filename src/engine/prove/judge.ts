import type { Attempt, CheckResult } from '../../domain/attempt.ts'

/** What one round of verification means for its attempt. */
export type Judgement =
  | { readonly kind: 'hold'; readonly heldSince: number | null }
  | { readonly kind: 'proven'; readonly heldSince: number }
  | { readonly kind: 'cleared_without_proof' }
  | { readonly kind: 'not_proven'; readonly reason: string }

/**
 * All checks must pass, without a break, for `forMs`. Time during which nobody looked does not count as holding.
 * Only a round that fails at or after the window's end ends the wait, so a late look still gets its chance. Pure.
 */
export function judge(
  attempt: Pick<Attempt, 'heldSince' | 'lastRoundAt' | 'verifyUntil'>,
  checks: readonly CheckResult[],
  { now, forMs, roundGapMaxMs }: { now: number; forMs: number; roundGapMaxMs: number },
): Judgement {
  const failed = checks.filter(({ passed }) => !passed)
  if (failed.length > 0) {
    if (attempt.verifyUntil !== null && now < attempt.verifyUntil) return { kind: 'hold', heldSince: null }
    return { kind: 'not_proven', reason: failed.map(({ check, detail }) => `${check}: ${detail}`).join('; ') }
  }
  const watched = attempt.lastRoundAt !== null && now - attempt.lastRoundAt <= roundGapMaxMs
  const heldSince = attempt.heldSince !== null && watched ? attempt.heldSince : now
  if (now - heldSince < forMs) return { kind: 'hold', heldSince }
  return checks.some(({ positive }) => positive) ? { kind: 'proven', heldSince } : { kind: 'cleared_without_proof' }
}
