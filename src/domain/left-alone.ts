export const reasonsToLeave = ['flapping', 'loop'] as const
export type ReasonToLeave = (typeof reasonsToLeave)[number]

/** A target on which nothing starts for a while, because what was done there did not last. Times are epoch milliseconds. */
export interface LeftAlone {
  readonly target: string
  readonly why: ReasonToLeave
  readonly reason: string
  readonly since: number
  readonly until: number
  /** The incident with which a person was told. */
  readonly incident: string
}

/** What a gate wants to be left alone: each of these targets, until none of them has relapsed for `windowMs`. */
export type LeavesAlone = {
  readonly why: ReasonToLeave
  readonly targets: readonly string[]
  readonly windowMs: number
}

/** A relapse of what a person was told has ended is news once it has lasted for so long; what flaps is not. */
export const relapseIsNewsMs = 10 * 60_000

/** However often it relapses, a target is looked at anew after so long, and a person told anew. */
export const leftAloneMaxMs = 86_400_000
