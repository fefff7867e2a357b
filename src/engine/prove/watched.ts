import type { Attempt } from '../../domain/attempt.ts'

/** Rounds of verification are made every `probeEveryMs`; between two that are further apart than `roundGapMaxMs` nobody looked. */
export interface Pace {
  readonly probeEveryMs: number
  readonly roundGapMaxMs: number
}

/**
 * The attempt as it goes on to be looked at. Time in which nobody looked, as of a suspended machine, and time that a set clock has made
 * up, is no part of its window: as much of it is left as was left at the last look, less one pause between two. Pure.
 */
export function resumed<Seen extends Pick<Attempt, 'effectEndedAt' | 'lastRoundAt' | 'verifyUntil' | 'heldSince'>>(
  attempt: Seen,
  now: number,
  { probeEveryMs, roundGapMaxMs }: Pace,
): Seen {
  const { effectEndedAt, lastRoundAt, verifyUntil } = attempt
  const lookedAt = lastRoundAt ?? effectEndedAt
  if (lookedAt === null || verifyUntil === null) return attempt
  const gapMs = now - lookedAt
  if (gapMs >= 0 && gapMs <= roundGapMaxMs) return attempt
  return {
    ...attempt,
    // It ended before this moment, whatever the clock said then.
    effectEndedAt: effectEndedAt === null ? null : Math.min(effectEndedAt, now),
    verifyUntil: now + Math.max(0, verifyUntil - lookedAt - probeEveryMs),
    heldSince: null,
    lastRoundAt: null,
  }
}
