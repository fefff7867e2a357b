import type { BrokenAction } from '../domain/action.ts'
import type { Problem } from '../domain/policy.ts'
import type { AuthFailure } from '../domain/token.ts'
import type { Engine, RematchPreview } from '../engine/engine.ts'
import type { Tokens } from '../engine/operate/tokens.ts'
import type { Clock, Log, PolicyHolder, Reads } from '../engine/ports.ts'

/** What /metrics needs, and the only numbers that no audit event carries. */
export interface MetricsDoor {
  readonly contentType: string
  scrape(): Promise<string>
  /** One answered webhook request and the seconds it took. */
  observeDelivery(code: number, seconds: number): void
  /** Somebody was turned away at the door. */
  countAuthFailure(reason: AuthFailure): void
}

/** `running` only once recovery is complete; before and after, deliveries get 503. */
export interface Health {
  phase(): 'starting' | 'running' | 'stopping'
  /** Why the store cannot write, or `null`. */
  storeProblem(): string | null
}

export type ReloadReport =
  | {
      readonly ok: true
      readonly dryRun: boolean
      readonly revision: string
      readonly playbooks: number
      readonly actions: number
      readonly preview: RematchPreview
      readonly warnings: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads the files again and puts them in force, whole or not at all. */
export type Reload = (request: { readonly dryRun: boolean; readonly by: string }) => Promise<ReloadReport>

/** Tells one person in a channel of Slack what came of pressing a button. Never throws, and nobody waits for it. */
export type Whisper = (
  channel: string,
  to: { readonly place: string; readonly user: string; readonly words: string },
) => Promise<void>

export interface HttpParts {
  readonly engine: Engine
  readonly read: Reads
  readonly policy: PolicyHolder
  readonly brokenActions: () => readonly BrokenAction[]
  readonly metrics: MetricsDoor
  readonly reload: Reload
  readonly log: Log
  readonly clock: Clock
  readonly health: Health
  readonly tokens: Tokens
  readonly version: string
  readonly whisper: Whisper
}
