import type { ApprovalRules } from './approval.ts'
import type { JsonObject } from './json.ts'
import type { Schedule } from './schedule.ts'
import type { Template } from './template.ts'

export const modes = ['observe', 'approve', 'auto'] as const
export type Mode = (typeof modes)[number]

/** The lower of two modes: a playbook may lower the ceiling, never raise it. */
export function lowerMode(a: Mode, b: Mode): Mode {
  return modes[Math.min(modes.indexOf(a), modes.indexOf(b))] as Mode
}

/** json-rules-engine conditions, checked at load. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly fact: string; readonly path?: string; readonly operator: string; readonly value: unknown }

/** A value of `with:` — JSON whose strings may be templates. */
export type TemplatedValue =
  | { readonly kind: 'literal'; readonly value: JsonObject[string] }
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'list'; readonly items: readonly TemplatedValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, TemplatedValue])[] }

/** What decides which action step is tried first: the file, or which of them has healed best. */
export const stepOrders = ['written', 'evidence'] as const
export type StepOrder = (typeof stepOrders)[number]

/** Where an attempt's outcome leads. */
export type Route = 'next' | 'escalate' | 'stop'

export type Step =
  | {
      readonly kind: 'action'
      readonly action: string
      readonly with: TemplatedValue
      readonly timeoutMs: number
      /** Makes the effect a temporary one that stays at least so long; `null` leaves it to the action. */
      readonly holdMs: number | null
      readonly on: Readonly<Record<'ineffective' | 'failed' | 'unknown', Route>>
    }
  | { readonly kind: 'escalate'; readonly channel: string }

export type Probe =
  | { readonly kind: 'cleared' }
  | { readonly kind: 'promql'; readonly query: Template }
  | { readonly kind: 'http'; readonly url: Template; readonly status: number; readonly timeoutMs: number }

/** At most `count` attempts in any `windowMs`. */
export interface AttemptBudget {
  readonly count: number
  readonly windowMs: number
}

/** How much of the fleet may be ill for the playbook still to act. Of a share and a count, the smaller bound holds. */
export interface BlastRadius {
  /** Whole percent of the total; `null` where only a count is written. */
  readonly percent: number | null
  readonly count: number | null
  /** PromQL whose one sample is the size of the fleet; set exactly when there is a share. */
  readonly of: string | null
}

/** The longest window of a budget that a playbook may have, in milliseconds. */
export const budgetWindowMaxMs = 30 * 86_400_000
/** The longest cooldown, and the longest time in which an incident may be opened again, in milliseconds. */
export const cooldownMaxMs = 7 * 86_400_000
export const reopenWithinMaxMs = 7 * 86_400_000

/** One file in `rules/`, compiled. */
export interface Playbook {
  readonly name: string
  readonly file: string
  /** SHA-256 over the parsed file: changes exactly when its meaning may have. */
  readonly revision: string
  readonly summary: string
  readonly priority: number
  readonly when: Condition
  readonly target: Template
  /** Targets whose open incidents are healed first. */
  readonly dependsOn: readonly Template[]
  readonly mode: Mode
  readonly continue: boolean
  readonly settleMs: number
  readonly steps: readonly Step[]
  readonly order: StepOrder
  readonly verify: readonly Probe[]
  readonly forMs: number
  readonly withinMs: number
  /** Keeps a short silence on its alerts in Alertmanager while an attempt is under way. */
  readonly silence: boolean
  readonly limits: {
    readonly cooldownMs: number
    readonly attempts: readonly AttemptBudget[]
    /** Attempts over all its targets. */
    readonly rate: readonly AttemptBudget[]
    readonly maxWaitMs: number
    readonly blastRadius: BlastRadius | null
    /** When it may act at all; `null` at any hour. */
    readonly activeHours: Schedule | null
    /** How long a step that did not help on a target is not tried again there; 0 for no such time. */
    readonly retryAfterMs: number
    /** Failed verifications of one step in a row that take the playbook down to `approve`; `null` for never. */
    readonly demoteAfter: number | null
    /** How long Hepar keeps off a target that somebody else has changed since it fell ill; 0 for not at all. */
    readonly yieldForMs: number
  }
  readonly reopenWithinMs: number
  readonly approval: ApprovalRules
}

export type ActionStep = Extract<Step, { kind: 'action' }>

/** The channel of a playbook's `escalate`, the one its people are told on; `null` when it has none. */
export function channelOf(playbook: Playbook | null): string | null {
  return playbook?.steps.find((step) => step.kind === 'escalate')?.channel ?? null
}
