import type { JsonObject } from './json.ts'

export const attemptPhases = ['acting', 'verifying', 'concluded'] as const
export type AttemptPhase = (typeof attemptPhases)[number]

export const outcomes = ['healed', 'ineffective', 'failed', 'unknown', 'unverified', 'cancelled'] as const
export type Outcome = (typeof outcomes)[number]

/** What the action said it would do; its digest binds approval, intent and `explain` together. */
export interface Plan {
  readonly action: string
  readonly target: string
  readonly params: JsonObject
  /** Immutable identity of the live object, such as the full container id. */
  readonly pin: JsonObject
  readonly summary: string
  /** Whatever the action wants handed back to `run` and `verify`; not part of the digest. */
  readonly data: JsonObject
  readonly evidence: JsonObject
  /** Starting this very effect again with the same key does no harm, although the action in general may. */
  readonly idempotent?: true
  /** What else it touches, in words that other plans use for the same thing; held together with the target. */
  readonly touches?: readonly string[]
  /** The last change of the target that somebody asked for, as far as the action can tell; not part of the digest. */
  readonly changed?: TargetChange
}

/** A change of a target that did not come about by itself, as a service manager's own restart does. */
export interface TargetChange {
  /** Epoch milliseconds. */
  readonly at: number
  /** Such as `it was started`. */
  readonly what: string
}

/** All that an attempt with this plan holds. */
export function objectsOf({ target, touches = [] }: Pick<Plan, 'target' | 'touches'>): readonly string[] {
  return [target, ...touches]
}

/** One check of a verification round and what it saw. */
export interface CheckResult {
  readonly check: string
  readonly passed: boolean
  /** True for a probe that looks at the target itself; `alert: cleared` alone proves nothing. */
  readonly positive: boolean
  readonly detail: string
}

/** The operating-system identity of a runner, enough to end a survivor and never a stranger. */
export interface RunnerIdentity {
  readonly pid: number
  /** Field 22 of /proc/<pid>/stat, in clock ticks since boot. */
  readonly startTicks: string
  readonly bootId: string
  /** Value of HEPAR_RUNNER in the environment of every process it leaves behind. */
  readonly marker: string
}

/** One try of one step. The row exists from the moment of intent. Times are epoch milliseconds. */
export interface Attempt {
  readonly id: string
  readonly incident: string
  readonly playbook: string
  readonly target: string
  /** Index into the playbook's ladder as it is written. */
  readonly step: number
  /** What the step is, whatever its place: see `stepKeyOf`. */
  readonly stepKey: string
  readonly action: string
  readonly phase: AttemptPhase
  readonly plan: Plan
  readonly planDigest: string
  readonly idempotencyKey: string
  /** The action says that starting it again with the same key does no harm. */
  readonly idempotent: boolean
  /** Set for a temporary effect: how long it stays at least once the target is well under it, in milliseconds. */
  readonly holdMs: number | null
  /** True from the intent of a temporary effect until it is known never to have begun, or to be taken back. */
  readonly inForce: boolean
  /** Set for a revert: the attempt whose effect it takes back. */
  readonly reverts: string | null
  /** Grows with every start of this attempt; a result from an older start is refused. */
  readonly fence: number
  readonly runner: RunnerIdentity
  /** Since when the illness it is for had lasted. */
  readonly illSince: number
  readonly intendedAt: number
  readonly deadlineAt: number
  readonly effectEndedAt: number | null
  /** How the effect ended as far as Hepar knows. */
  readonly effect: 'done' | 'failed' | 'unknown' | 'not_started' | null
  readonly effectDetail: string
  readonly report: JsonObject | null
  /** Verification: window end, since when every check has passed, and the last round. */
  readonly verifyUntil: number | null
  readonly heldSince: number | null
  readonly lastRoundAt: number | null
  readonly checks: readonly CheckResult[]
  /** What the playbook's positive probes saw just before the intent; `null` where they were not asked. */
  readonly before: readonly CheckResult[] | null
  readonly outcome: Outcome | null
  readonly concludedAt: number | null
}
