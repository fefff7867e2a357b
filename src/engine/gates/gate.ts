import type { AlertRecord } from '../../domain/alert.ts'
import type { Attempt } from '../../domain/attempt.ts'
import type { Limits } from '../../domain/config.ts'
import type { GateDecision, GateName } from '../../domain/gate.ts'
import type { Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { LeavesAlone, LeftAlone } from '../../domain/left-alone.ts'
import type { Pause } from '../../domain/pause.ts'
import type { Mode, Playbook } from '../../domain/playbook.ts'
import type { AttemptHistory, BudgetWindow, PastEffect } from '../counting.ts'
import type { OracleAnswer, PlanOutcome } from '../ports.ts'

/** What the store knows, read in the transaction that commits the intent. */
export interface StoredFacts {
  readonly pause: Pause | null
  readonly alerts: readonly AlertRecord[]
  readonly history: AttemptHistory
  readonly rates: { readonly all: readonly BudgetWindow[]; readonly playbook: readonly BudgetWindow[] }
  /** What has been done to the target, whoever did it for whatever reason. */
  readonly actions: readonly BudgetWindow[]
  /** What was done lately anywhere, newest first; nothing where this target has not come round often enough for a loop. */
  readonly effects: readonly PastEffect[]
  readonly leftAlone: readonly LeftAlone[]
  readonly holder: Attempt | null
  /** The attempt whose temporary effect is in force on the target. */
  readonly effect: Attempt | null
}

/** What an alert's source says of it. */
export interface AskedAlert {
  readonly fingerprint: string
  readonly answer: OracleAnswer
}

/** Everything a gate may look at. `oracle` and `plan` are gathered only when a gate before them lets the check go on. */
export interface GateFacts {
  readonly now: number
  readonly incident: Incident
  readonly playbook: Playbook
  readonly ceiling: Mode
  readonly alertAgeMaxMs: number
  readonly limits: Limits
  /** True when no loaded playbook has a higher priority, or a person asked. */
  readonly highest: boolean
  /** True when the step's effect is a temporary one. */
  readonly temporary: boolean
  readonly stored: StoredFacts
  readonly oracle?: readonly AskedAlert[]
  readonly plan?: PlanOutcome
}

/** A check before an effect. `decide` is pure; `needs` names what must be gathered from the world first. */
export interface Gate {
  readonly name: GateName
  readonly needs?: 'oracle' | 'plan'
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
  more: { until: number | null; unblock: string; facts?: JsonObject; final?: boolean; leaves?: LeavesAlone },
): GateDecision {
  const { until, unblock, facts = {}, final = false, leaves } = more
  return { result: 'block', reason, facts, until, unblock, final, ...(leaves && { leaves }) }
}
