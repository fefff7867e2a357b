import type { AlertRecord } from '../../domain/alert.ts'
import type { Approval, PolicyAnswer } from '../../domain/approval.ts'
import type { Attempt } from '../../domain/attempt.ts'
import type { GateDecision, GateName } from '../../domain/gate.ts'
import type { Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Pause } from '../../domain/pause.ts'
import type { Mode, Playbook } from '../../domain/playbook.ts'
import type { AttemptHistory, OracleAnswer, PlanOutcome } from '../ports.ts'

/** What the store knows, read in the transaction that commits the intent. */
export interface StoredFacts {
  readonly pause: Pause | null
  readonly alerts: readonly AlertRecord[]
  readonly history: AttemptHistory
  readonly holder: Attempt | null
  /** The attempt whose temporary effect is in force on the target. */
  readonly effect: Attempt | null
  /** What people are asked, or have approved and nobody has acted on. */
  readonly approval: Approval | null
}

/** What an alert's source says of it. */
export interface AskedAlert {
  readonly fingerprint: string
  readonly answer: OracleAnswer
}

/** What must be gathered from the world before a gate can decide. */
export type Need = 'oracle' | 'plan' | 'policy'

/** Everything a gate may look at. What is of the world is gathered only when a gate before lets the check go on. */
export interface GateFacts {
  readonly now: number
  readonly incident: Incident
  readonly playbook: Playbook
  readonly ceiling: Mode
  readonly alertAgeMaxMs: number
  /** True when the step's effect is a temporary one. */
  readonly temporary: boolean
  /** True when two people must agree. */
  readonly fourEyes: boolean
  readonly stored: StoredFacts
  readonly oracle?: readonly AskedAlert[]
  readonly plan?: PlanOutcome
  /** What the external policy said of the plan; `null` where none is to be asked. */
  readonly policy?: PolicyAnswer | null
}

/** A check before an effect. `decide` is pure; `needs` names what must be gathered from the world first. */
export interface Gate {
  readonly name: GateName
  readonly needs?: Need
  /** A soft block lets the later gates speak too: the plan is made, but not carried out. */
  readonly soft?: true
  decide(facts: GateFacts): GateDecision
}

export function pass(reason: string, facts: JsonObject = {}): GateDecision {
  return { result: 'pass', reason, facts }
}

export function notApplicable(reason: string, facts: JsonObject = {}): GateDecision {
  return { result: 'not_applicable', reason, facts }
}

export function block(
  reason: string,
  more: { until: number | null; unblock: string; facts?: JsonObject; final?: boolean; asks?: true },
): GateDecision {
  const { until, unblock, facts = {}, final = false, asks } = more
  return { result: 'block', reason, facts, until, unblock, final, ...(asks && { asks }) }
}
