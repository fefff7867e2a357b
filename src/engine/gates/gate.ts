import type { AlertRecord } from '../../domain/alert.ts'
import type { Approval, PolicyAnswer } from '../../domain/approval.ts'
import type { Attempt } from '../../domain/attempt.ts'
import type { Limits } from '../../domain/config.ts'
import type { GateDecision, GateName } from '../../domain/gate.ts'
import type { Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { LeavesAlone, LeftAlone } from '../../domain/left-alone.ts'
import type { MaintenanceWindow, Pause, ScopedPause } from '../../domain/pause.ts'
import type { Mode, Playbook } from '../../domain/playbook.ts'
import type { StormFacts } from '../../domain/storm.ts'
import type { Demotion, OwnEffect } from '../../domain/trial.ts'
import type { AttemptHistory, BudgetWindow, PastEffect } from '../facts/counting.ts'
import type { Dependencies } from '../facts/dependencies.ts'
import type { FleetTotal } from '../facts/fleet.ts'
import type { OracleAnswer, PlanOutcome } from '../ports.ts'
import type { Unwell } from '../storm/mass-ports.ts'

/** What the store knows, read in the transaction that commits the intent. */
export interface StoredFacts {
  readonly pause: Pause | null
  /** Those in force and those to come, whatever they are about. */
  readonly pauses: readonly ScopedPause[]
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
  /** Targets of the playbook besides this one that are ill or under an effect. */
  readonly unwell: Unwell
  readonly storm: StormFacts
  readonly dependencies: Dependencies
  /** The playbook's latest demotion, in force or not. */
  readonly demotion: Demotion | null
  /** Hepar's own latest effect on the target, or on what else the plan touches. */
  readonly ownEffect: OwnEffect | null
  /** What people are asked, or have approved and nobody has acted on. */
  readonly approval: Approval | null
}

/** What an alert's source says of it. */
export interface AskedAlert {
  readonly fingerprint: string
  readonly answer: OracleAnswer
}

/** What must be gathered from the world before a gate can decide. */
export type Need = 'oracle' | 'plan' | 'total' | 'policy'

/** Everything a gate may look at. What is of the world is gathered only when a gate before lets the check go on. */
export interface GateFacts {
  readonly now: number
  readonly incident: Incident
  readonly playbook: Playbook
  /** Index of the step in the playbook. */
  readonly stepIndex: number
  readonly ceiling: Mode
  /** Windows of maintenance of the configuration. */
  readonly windows: readonly MaintenanceWindow[]
  readonly limits: Limits
  /** True when no loaded playbook has a higher priority, or a person asked. */
  readonly highest: boolean
  /** True when the step's effect is a temporary one. */
  readonly temporary: boolean
  /** True when two people must agree. */
  readonly fourEyes: boolean
  readonly stored: StoredFacts
  readonly oracle?: readonly AskedAlert[]
  readonly plan?: PlanOutcome
  /** The size of the playbook's fleet; `null` where its blast radius needs none. */
  readonly total?: FleetTotal | null
  /** What the external policy said of the plan; `null` where none is to be asked. */
  readonly policy?: PolicyAnswer | null
}

/** A check before an effect. `decide` is pure; `needs` names what must be gathered from the world first. */
export interface Gate {
  readonly name: GateName
  readonly needs?: Need
  /** Asked before anything is asked of the world, too: while it blocks, thousands would ask for nothing. */
  readonly early?: true
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
  more: {
    until: number | null
    unblock: string
    facts?: JsonObject
    final?: boolean
    leaves?: LeavesAlone
    asks?: true
  },
): GateDecision {
  const { until, unblock, facts = {}, final = false, leaves, asks } = more
  return { result: 'block', reason, facts, until, unblock, final, ...(leaves && { leaves }), ...(asks && { asks }) }
}
