import type { Plan } from './attempt.ts'
import type { GateReport } from './gate.ts'
import type { JsonObject } from './json.ts'

export const approvalStates = ['pending', 'approved', 'rejected', 'void', 'expired', 'used'] as const
export type ApprovalState = (typeof approvalStates)[number]

/** How asks end, for those who count them. */
export const approvalEnds = ['approved', 'rejected', 'void', 'expired'] as const

export const approvalDecisions = ['approve', 'reject'] as const
export type ApprovalDecision = (typeof approvalDecisions)[number]

/** One person's yes. `at` is epoch milliseconds. */
export interface Endorsement {
  readonly by: string
  readonly at: number
  readonly reason: string
}

/** What a person is asked: this plan, for this step of this incident, once. Times are epoch milliseconds. */
export interface Approval {
  readonly id: string
  readonly incident: string
  readonly playbook: string
  readonly target: string
  /** The number of the attempt that it would become, so that it is good for one only. */
  readonly attempt: number
  readonly step: number
  readonly planDigest: string
  readonly playbookRevision: string
  /** For the record: another policy with the same playbook and plan asks nothing anew. */
  readonly policyRevision: string
  readonly plan: Omit<Plan, 'data'>
  /** What the gates said when it was asked. */
  readonly gates: readonly GateReport[]
  /** How the playbook has fared before, or `null` where it has no past. */
  readonly pastSuccess: JsonObject | null
  /** Who was asked, and is told how it ended. */
  readonly channels: readonly string[]
  /** How many different people must approve. */
  readonly needed: number
  /** Who asked for a manual heal, whose own approval does not count. */
  readonly requestedBy: string | null
  /** When people were asked first, before the plan changed; their time runs from there. */
  readonly since: number
  readonly askedAt: number
  readonly expiresAt: number
  readonly state: ApprovalState
  readonly endorsements: readonly Endorsement[]
  /** Who decided it and why; for `void` and `expired` why it ended. */
  readonly decidedBy: string | null
  readonly decidedAt: number | null
  readonly reason: string
  /** The attempt that was begun on it. */
  readonly usedBy: string | null
}

/** What an approval is asked for now: it holds for exactly this. `null` for what is not known at the moment. */
export interface ApprovalNeed {
  readonly attempt: number
  readonly step: number
  readonly target: string
  readonly playbookRevision: string
  readonly planDigest: string | null
  readonly needed: number
}

/** A clock that was set back by more than this makes an approval one of the future. */
const clockToleranceMs = 5_000

/** Why an approval does not hold for what is to be done now, or `null`. Pure. */
export function whyVoid(approval: Approval, need: ApprovalNeed, now: number): string | null {
  if (approval.target !== need.target) return 'the target changed'
  if (approval.playbookRevision !== need.playbookRevision) return 'the playbook changed'
  if (approval.step !== need.step) return 'another step is to be tried'
  if (approval.attempt !== need.attempt) return 'it was for an earlier attempt'
  if (need.planDigest !== null && approval.planDigest !== need.planDigest) return 'the plan changed'
  if (approval.needed < need.needed) return 'another person must approve, too'
  if (lastWordAt(approval) > now + clockToleranceMs) return 'the clock was set back'
  return null
}

/** When it was asked, or somebody said something about it last. */
function lastWordAt({ askedAt, endorsements }: Approval): number {
  return Math.max(askedAt, ...endorsements.map(({ at }) => at))
}

/** What a playbook, or the configuration for all, says about approvals. */
export interface ApprovalRules {
  /** How long people have; `null` for as long as the playbook waits at all. */
  readonly withinMs: number | null
  /** The channel that is asked; `null` for where the playbook escalates to. */
  readonly channel: string | null
  readonly fourEyes: boolean
  readonly policy: PolicyRef | null
}

/** Which external policy is asked: one that the configuration names, or a URL that it allows. */
export type PolicyRef =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'url'; readonly url: string }

export const noApprovalRules: ApprovalRules = { withinMs: null, channel: null, fourEyes: false, policy: null }

export const policyDecisions = ['allow', 'deny', 'ask'] as const
export type PolicyDecision = (typeof policyDecisions)[number]

/** What an external policy said, and about which plan. */
export interface PolicyAnswer {
  readonly planDigest: string
  readonly policy: string
  readonly decision: PolicyDecision
  readonly reason: string
}
