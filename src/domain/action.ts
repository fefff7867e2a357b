import type { JsonObject } from './json.ts'
import type { TargetKind } from './target.ts'

export type Risk = 'read' | 'reversible' | 'destructive'

/** What the engine knows about a plugin, without ever loading its code into its own process. */
export interface ActionInfo {
  readonly name: string
  readonly file: string
  /** SHA-256 of the file when it was described; a runner refuses a file that changed since. */
  readonly fileDigest: string
  readonly summary: string
  readonly kind: TargetKind
  readonly risk: Risk
  readonly idempotent: boolean
  readonly hasVerify: boolean
  readonly hasRevert: boolean
  /** Its effect is only ever carried for a while, and then taken back. Needs `hasRevert`. */
  readonly temporary: boolean
  /** JSON Schema (draft 2020-12) of the parameters. */
  readonly paramsSchema: JsonObject
}

/** A plugin file that could not be used, and why. */
export interface BrokenAction {
  readonly name: string
  readonly file: string
  readonly reason: string
}
