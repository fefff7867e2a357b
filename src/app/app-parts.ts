import type { Environment } from '../config/references.ts'
import type { Problem } from '../domain/policy.ts'
import type { Checkpoint, Clock, Log, PolicyHolder } from '../engine/ports.ts'
import type { Reload } from '../http/parts.ts'
import type { Unreachable } from './reachability.ts'

/** What one Hepar is started with. */
export interface AppOptions {
  /** `null` means HEPAR_CONFIG, or else `hepar.yaml` in the working directory. */
  readonly configFile: string | null
  readonly env: Environment
  readonly writeLog: (line: string) => void
  /** Log lines for people instead of JSON. */
  readonly prettyLog: boolean
  readonly clock?: Clock
  /** Where a test may hold the process. */
  readonly checkpoint?: Checkpoint
  /** How many times as fast as the clock says the past grows old and is pruned, for a test that cannot wait for weeks. */
  readonly hasten?: number
}

/** Where the command line prints. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly writeLog: (line: string) => void
  readonly prettyLog: boolean
}

/** One Hepar that runs. */
export interface App {
  readonly url: string
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  readonly policy: PolicyHolder
  /** What the files are warned about. */
  readonly warnings: readonly Problem[]
  /** Neighbours that do not answer now. */
  unreachable(): Promise<readonly Unreachable[]>
  readonly reload: Reload
  /** Stops in reverse order; running effects get their grace. */
  close(): Promise<void>
}
