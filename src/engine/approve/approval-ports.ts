import type { Approval, ApprovalState, PolicyDecision, PolicyRef } from '../../domain/approval.ts'
import type { JsonObject } from '../../domain/json.ts'

export interface ApprovalReads {
  /** What people are asked about an incident, or have approved and nobody has acted on; or `null`. */
  liveApproval(incident: string): Promise<Approval | null>
  /** Everything that was ever asked about an incident, oldest first. */
  approvalsOf(incident: string): Promise<readonly Approval[]>
}

export interface ApprovalWrites {
  /** Throws StaleWrite when the incident has another live one: a unique index, not a check. */
  insertApproval(approval: Approval): Promise<void>
  /** Saves it if it still has the state `from`; throws StaleWrite otherwise. */
  saveApproval(approval: Approval, from: ApprovalState): Promise<void>
}

/** Asks an external policy about a plan. Never throws, bounded in time; whatever is no clear answer is `deny`, with the reason. */
export type AskPolicy = (
  policy: PolicyRef,
  input: JsonObject,
) => Promise<{ readonly decision: PolicyDecision; readonly reason: string }>
