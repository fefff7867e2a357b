import type { JsonObject } from './json.ts'
import type { LeavesAlone } from './left-alone.ts'

/** Every gate's name, in the fixed order in which they are evaluated. */
export const gateNames = [
  'stop_switch',
  'mode',
  'pauses',
  'active_hours',
  'freshness',
  'target',
  'override',
  'dependencies',
  'attempt_budget',
  'flapping',
  'cascade',
  'cooldown',
  'rate',
  'blast_radius',
  'storm_latch',
  'target_lock',
  'approval',
] as const
export type GateName = (typeof gateNames)[number]

/** `until` is epoch milliseconds. `final` blocks can never pass: the incident is refused. With `asks`, people decide. */
export type GateDecision =
  | { readonly result: 'pass'; readonly reason: string; readonly facts: JsonObject }
  | { readonly result: 'not_applicable'; readonly reason: string; readonly facts: JsonObject }
  | {
      readonly result: 'block'
      readonly reason: string
      readonly facts: JsonObject
      readonly until: number | null
      readonly unblock: string
      readonly final: boolean
      readonly asks?: true
      /** Set when nothing may start on these targets for a while, and a person is told once. */
      readonly leaves?: LeavesAlone
    }

export type GateReport = GateDecision & { readonly gate: GateName }

export const verdicts = ['run', 'wait', 'ask', 'would_run', 'refuse'] as const
export type VerdictKind = (typeof verdicts)[number]

/** What the gates decided together. */
export interface Verdict {
  readonly verdict: VerdictKind
  readonly gates: readonly GateReport[]
  /** The block that decided, when one did. */
  readonly blockedBy: GateReport | null
}
