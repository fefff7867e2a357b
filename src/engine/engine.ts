import type { Decision, Delivery } from '../domain/alert.ts'
import type { Approval, ApprovalDecision } from '../domain/approval.ts'
import type { Plan } from '../domain/attempt.ts'
import type { Verdict } from '../domain/gate.ts'
import type { Incident } from '../domain/incident.ts'
import type { Pause, ScopedPause } from '../domain/pause.ts'
import type { Policy } from '../domain/policy.ts'
import type { StormRecord } from '../domain/storm.ts'
import type { Demotion } from '../domain/trial.ts'
import type { LadderChoice } from './ladder/ladder.ts'
import type { WantedScopedPause } from './operate/scoped-pauses.ts'
import type { Delivered } from './tell/delivery-port.ts'

/** What one playbook's conditions made of one alert. */
export interface PlaybookTrace {
  readonly playbook: string
  readonly matched: boolean
  /** In words, which condition failed; `null` when it matched. */
  readonly failed: string | null
  /** True when an earlier match without `continue` ended the search before this playbook. */
  readonly shadowed: boolean
}

/** What would happen to one incident if the alert arrived now. */
export interface IncidentExplanation {
  readonly playbook: string
  readonly target: string
  /** `attach`, `reopen` or `open`. */
  readonly would: 'attach' | 'reopen' | 'open'
  /** `null` when the next step is a hand-over, which no gate holds back. */
  readonly verdict: Verdict | null
  readonly plan: Plan | null
  readonly planDigest: string | null
  readonly note: string
  /** What would be tried and why, where that is not the playbook as it is written. */
  readonly ladder: LadderChoice | null
}

export interface AlertExplanation {
  readonly decision: Decision
  readonly playbooks: readonly PlaybookTrace[]
  readonly incidents: readonly IncidentExplanation[]
}

export interface Explanation {
  readonly policyRevision: string
  readonly alerts: readonly AlertExplanation[]
}

/** How many active alerts a policy would match now, before it is put in force. */
export interface RematchPreview {
  readonly active: number
  readonly willMatch: number
  /** Of these, how many would open an incident that is not open now. */
  readonly willOpen: number
}

/** The engine's door: what http, cli and app may call. Every `by` names a person or token for the audit log. */
export interface Engine {
  /** Decides and stores every alert of the delivery; resolves after the commit. Throws `store_unavailable`. */
  receive(delivery: Delivery, by: string): Promise<readonly Decision[]>
  /** What `receive` and the gates would do now; no effect, nothing stored. */
  explain(delivery: Delivery): Promise<Explanation>
  /** Throws `not_found`, or `conflict` where the state does not allow it. */
  cancel(incident: string, by: string, reason: string): Promise<Incident>
  resume(incident: string, by: string, reason: string): Promise<Incident>
  /** Sends a test message to a channel now. Throws `not_found` for an unknown one. */
  testChannel(channel: string, by: string): Promise<Delivered>
  /**
   * One person's decision about the plan that an incident asks about; `ask` also binds it to one ask. Throws `not_found`, or
   * `conflict`, which names who decided first, or says that the plan has changed.
   */
  decideApproval(decision: {
    readonly incident: string
    readonly planDigest: string
    readonly ask?: string | undefined
    readonly decision: ApprovalDecision
    readonly by: string
    readonly reason: string
  }): Promise<{ readonly incident: Incident; readonly approval: Approval }>
  /** A manual heal through the same gates. Throws `invalid` for an unknown action, target or parameter. */
  heal(request: {
    readonly action: string
    readonly target: string
    readonly with: Readonly<Record<string, unknown>>
    readonly reason: string
    readonly by: string
  }): Promise<Incident>
  /** `restored` also lifts the one of a restored store, which nothing else does. Throws `conflict`. */
  setPause(
    pause: { readonly reason: string; readonly until: number | null } | null,
    by: string,
    how?: { readonly restored?: boolean },
  ): Promise<Pause | null>
  /** Ends a storm on a person’s word: effects may begin again at once. Throws `conflict` when there is none. */
  releaseStorm(by: string, reason: string): Promise<StormRecord>
  /** One more reason not to act, beside the stop switch. Throws `invalid` for times or a playbook that cannot be meant, `conflict` for one too many. */
  placePause(wanted: WantedScopedPause, by: string): Promise<ScopedPause>
  /** Lifts that one and no other. Throws `not_found`. */
  liftPause(id: string, by: string): Promise<ScopedPause>
  /** Lifts a playbook's demotion. Throws `not_found`, or `conflict` when it is not demoted. */
  promote(playbook: string, by: string, reason: string): Promise<Demotion>
  /** What `adopt` would do; reads only. */
  preview(policy: Policy): Promise<RematchPreview>
  /** Rematches the active alerts under the policy now in force and records the change. */
  adopt(preview: RematchPreview | null, by: string): Promise<void>
  /** Ends survivors of an earlier process and marks what they left `unknown`. Call before `start`. */
  recover(): Promise<void>
  /** Begins to advance incidents and to reconcile with the sources. */
  start(): void
  /** Starts nothing new, gives running effects the grace, records the rest as unknown. */
  stop(): Promise<void>
}
