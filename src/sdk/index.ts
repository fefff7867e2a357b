import * as z from 'zod'
import { parseBytes } from '../domain/bytes.ts'
import { parseDurationMs } from '../domain/duration.ts'
import type { JsonObject } from '../domain/json.ts'

export type { JsonObject }
export { z }

/** What `plan` returns: the very object it would act on, and what would happen to it. */
export interface ActionPlan {
  /** Immutable identity, such as `{ id: '<full container id>' }`. Part of the plan's digest. */
  readonly pin: JsonObject
  /** One sentence: what would happen to which object. */
  readonly summary: string
  /** Handed back to `run` and `verify`. Not part of the digest. */
  readonly data?: JsonObject
  /** What a human would want to see. Not part of the digest. */
  readonly evidence?: JsonObject
  /** This very effect may be started again with the same idempotency key, although not every one of the action may. */
  readonly idempotent?: boolean
  /**
   * What else the effect touches: a target such as `container/local/cache`, or any word such as `unit/redis.service` that other
   * plans use for the same thing. No two attempts hold one of them at a time. At most 10, of 300 characters.
   */
  readonly touches?: readonly string[]
  /**
   * The last change of the target that somebody asked for, as far as that can be told: `at` in epoch milliseconds of this machine's clock,
   * `what` such as `it was started`. What a service manager does by itself, such as a restart policy, is none. Hepar knows its own
   * effects, and yields to others (`limits.yieldFor`). Not part of the digest.
   */
  readonly changed?: { readonly at: number; readonly what: string }
}

/** A refusal is a value, not an error. `final: false` means that it may pass later. */
export interface Refusal {
  readonly refused: string
  readonly final: boolean
  readonly evidence?: JsonObject
}

/** Refuse for good: the target is not one this action may touch. */
export function refuse(reason: string, evidence: JsonObject = {}): Refusal {
  return { refused: reason, final: true, evidence }
}

/** Not now: Hepar asks again until the playbook's `maxWait`. */
export function notNow(reason: string, evidence: JsonObject = {}): Refusal {
  return { refused: reason, final: false, evidence }
}

export interface ActionTarget {
  readonly kind: string
  readonly place: string | null
  readonly name: string
  /** The written form, such as `container/local/web`. */
  readonly text: string
}

export interface PlanContext {
  /** What Hepar's configuration says about this place: connection, allow-list, what is protected. */
  readonly settings: JsonObject
  /** Aborted at the deadline; half a second later the process and all it started are killed. */
  readonly signal: AbortSignal
  /** Epoch milliseconds. */
  readonly now: number
}

export interface RunContext extends PlanContext {
  readonly idempotencyKey: string
  /** Epoch milliseconds by which the effect must have ended. */
  readonly deadlineAt: number
}

export interface VerifyContext extends PlanContext {
  /** Epoch milliseconds. */
  readonly intendedAt: number
  readonly effectEndedAt: number
  /** False when nobody saw how `run` ended, as after a crash: what it asked for may have happened after `effectEndedAt`. */
  readonly effectSeen: boolean
}

/** What a plugin's own probe saw of the target as it is now. */
export interface ProbeReport {
  readonly passed: boolean
  readonly detail: string
}

/** The plan as it was approved and recorded, with the parameters as the schema parsed them. */
export type Planned<P> = ActionPlan & { readonly target: ActionTarget; readonly params: P }

export interface ActionDefinition<S extends z.ZodType = z.ZodType> {
  readonly summary: string
  /** Kind of target it acts on: `container`, `redis`, `path` or `service`. */
  readonly kind: 'container' | 'redis' | 'path' | 'service'
  readonly risk: 'read' | 'reversible' | 'destructive'
  /** True only if starting it again after a crash, with the same idempotency key, does no harm. */
  readonly idempotent: boolean
  /** True when the effect is only ever carried for a while, the step's `hold`, and then taken back by `revert`. */
  readonly temporary?: boolean
  readonly params: S
  /** Resolves and pins the live object and gathers evidence. Must have no effect. */
  plan(target: ActionTarget, params: z.output<S>, context: PlanContext): Promise<ActionPlan | Refusal>
  /**
   * The effect. What it returns, JSON of at most 256 KiB, is kept as its report. A throw means that it failed; throw
   * `outcomeUnknown(…)` where it may have happened, and `notStarted(…)` where the target is no longer what was planned, so that it is
   * planned anew. Whatever it leaves running is killed when it returns.
   */
  run(plan: Planned<z.output<S>>, context: RunContext): Promise<JsonObject | undefined>
  /** A positive probe: is the target well, and is that due to what `run` did? */
  verify?(plan: Planned<z.output<S>>, context: VerifyContext): Promise<ProbeReport>
  /**
   * Takes the effect back. It must do no harm when called again, or when there is nothing to take back: after a crash, after a
   * `run` that failed half-way, when the target is gone. Only what throws counts as still in force, and is tried again.
   */
  revert?(plan: Planned<z.output<S>>, context: RunContext): Promise<JsonObject | undefined>
}

/**
 * Declares an action; the file's name is the action's name. It runs in a process of its own without Hepar's environment, and
 * must write less than `limits.runnerOutput` to stdout and stderr.
 */
export function defineAction<S extends z.ZodType>(definition: ActionDefinition<S>): ActionDefinition<S> {
  return definition
}

/** A duration parameter, written `10s` or `1h30m`, given to the action in milliseconds. */
export function duration(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDurationMs(text)
      if (ms === null) context.addIssue(`"${text}" is not a duration such as 10s or 1h30m`)
      return ms ?? 0
    })
}

/** A size parameter, written `512MiB` or `2GB`, given to the action in bytes. */
export function size() {
  return z.string().transform((text, context) => {
    const bytes = parseBytes(text)
    if (bytes === null || bytes === 0) context.addIssue(`"${text}" is not a size such as 512MiB`)
    return bytes ?? 0
  })
}

export { notStarted } from './not-started.ts'
export { outcomeUnknown } from './outcome-unknown.ts'
