import type { Outcome } from './attempt.ts'

/** How an attempt that began ended, or that an incident ended before any did. */
export type TrialOutcome = Exclude<Outcome, 'cancelled'> | 'self_recovered'

/** What is remembered of one attempt for longer than the attempt itself. Times are epoch milliseconds. */
export interface Trial {
  readonly playbook: string
  /** Of the playbook's file; empty for what was tried before Hepar kept it. */
  readonly revision: string
  /** `stepKeyOf` the step; empty where the target recovered before any. */
  readonly step: string
  readonly action: string
  /** `classOf` the target; empty for what was tried before Hepar kept it. */
  readonly targetClass: string
  readonly target: string
  readonly incident: string
  readonly outcome: TrialOutcome
  readonly at: number
  /** From the intent, or of a recovery from its beginning, until it was over. */
  readonly tookMs: number
  /** It healed, and the target fell ill again within the playbook's `reopenWithin`. */
  readonly relapsed: boolean
  /** The positive probes passed just before the effect; `null` where they were not asked. */
  readonly wellBefore: boolean | null
}

/** How far back trials are remembered, in milliseconds. */
export const trialsKeptMs = 90 * 86_400_000
/** Of one step on one class of targets, the newest so many. */
export const trialsKeptMax = 500

/** A playbook that asks before it acts because one of its steps kept failing. Times are epoch milliseconds. */
export interface Demotion {
  readonly playbook: string
  /** Of the file whose step failed: another file is another playbook. */
  readonly revision: string
  readonly step: string
  readonly action: string
  readonly targetClass: string
  readonly reason: string
  readonly since: number
  /** When an operator lifted it; what failed before then does not count any more. */
  readonly liftedAt: number | null
}

/** Whether a demotion is in force for the playbook as it is now. */
export function isDemoted(demotion: Demotion | null, playbook: { readonly revision: string }): demotion is Demotion {
  return demotion !== null && demotion.liftedAt === null && demotion.revision === playbook.revision
}

/** When Hepar itself last changed something, whichever of its playbooks did. */
export interface OwnEffect {
  readonly object: string
  readonly attempt: string
  readonly beganAt: number
  /** Until when it may have gone on. */
  readonly endedAt: number
}
