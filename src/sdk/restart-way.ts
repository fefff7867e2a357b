import type { JsonObject, PlanContext, Refusal, RunContext, VerifyContext } from './index.ts'

/** The live object behind a server, pinned. */
export interface Found {
  /** Immutable: another object, or another run of the same, has another pin. */
  readonly pin: JsonObject
  /** In words, to follow "by restarting". */
  readonly words: string
  /** What is touched beside the server, in the words of whoever else may touch it. */
  readonly touches: readonly string[]
  readonly evidence: JsonObject
  /** When somebody last started or stopped it, by this machine's clock; `null` where that cannot be told. */
  readonly changed: { readonly at: number; readonly what: string } | null
}

/** How a server that is down fails to answer. */
export type Down = 'refused' | 'silent'

/** By what a server is restarted. */
export interface RestartWay {
  /** Has no effect. */
  find(down: Down, context: PlanContext): Promise<Found | Refusal>
  /** Restarts what was pinned. Throws when it failed, `outcomeUnknown` where it may have happened. */
  restart(pin: JsonObject, graceMs: number, context: RunContext): Promise<JsonObject>
  /** Why what runs now is not a new run of what was pinned, or `null`. */
  whyNotRestarted(pin: JsonObject, processId: number | null, context: VerifyContext): Promise<string | null>
}

/** Why what is configured cannot be what fails to answer, or `null`: nobody listens for what runs, and what has ended takes no connections. */
export function whyMismatch(down: Down, runs: boolean): string | null {
  if (down === 'refused' && runs) return 'it runs, yet nobody listens at the address: compare redis url and its port'
  if (down === 'silent' && !runs)
    return 'it does not run, yet something takes connections at the address: find out what'
  return null
}
