import type { JsonObject, PlanContext, Refusal, RunContext, VerifyContext } from './index.ts'
import type { RedisStateKind } from './redis-state.ts'

/** The live object behind a server, pinned. */
export interface Found {
  /** Immutable: another object, or another run of the same, has another pin. */
  readonly pin: JsonObject
  /** In words, to follow "by restarting". */
  readonly words: string
  readonly evidence: JsonObject
}

/** By what a server is restarted. */
export interface RestartWay {
  /** Has no effect. `down` says how the server fails to answer. */
  find(down: RedisStateKind, context: PlanContext): Promise<Found | Refusal>
  /** Restarts what was pinned. Throws when it failed, `outcomeUnknown` where it may have happened. */
  restart(pin: JsonObject, graceMs: number, context: RunContext): Promise<JsonObject>
  /** Why what runs now is not a new run of what was pinned, or `null`. */
  whyNotRestarted(pin: JsonObject, processId: number | null, context: VerifyContext): Promise<string | null>
}
