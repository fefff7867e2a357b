import type { AuditHead } from '../domain/audit.ts'
import type { Role } from '../domain/config.ts'
import type { Problem } from '../domain/policy.ts'

export interface CheckReport {
  readonly problems: readonly Problem[]
  readonly playbooks: number
  readonly actions: number
}

export type AuditReport =
  | {
      readonly ok: true
      readonly head: AuditHead
      readonly count: number
      readonly erased: number
      /** What retention removed; `null` when nothing is missing. */
      readonly pruned: {
        readonly count: number
        readonly to: number
        readonly rule: string
        readonly at: number
      } | null
      readonly checkpoint: string
    }
  | {
      readonly ok: false
      readonly seq: number
      readonly problem: string
      readonly reason: string
      readonly verified: number
    }

/** Times are epoch milliseconds. */
export interface RestoreReport {
  readonly file: string
  readonly bytes: number
  readonly takenAt: number
  /** The last event it has. */
  readonly seq: number
  readonly mac: string
  /** Where the key came from. */
  readonly key: string
}

export interface BackupReport extends Omit<RestoreReport, 'key'> {
  readonly verified: boolean
  /** Where the key was written, or `null`. */
  readonly key: string | null
  /** Where the key of the store is. */
  readonly keyFile: string
}

/** A plugin file with its SHA-256, hex. */
export interface Pin {
  readonly name: string
  readonly file: string
  readonly digest: string
}

/** Answers are those of the API. `expires` is a duration such as `90d`. */
export interface LocalTokens {
  list(): Promise<Readonly<Record<string, unknown>>>
  create(request: {
    readonly name: string
    readonly role: Role
    readonly expires: string | null
  }): Promise<Readonly<Record<string, unknown>>>
  revoke(name: string): Promise<Readonly<Record<string, unknown>>>
}

/** What works on the files of this machine, without a server. `configFile: null` means the usual place. */
export interface LocalTools {
  /** Serves until a signal ends it; `json` makes log and greeting machine-readable on a terminal, too. */
  serve(request: { readonly configFile: string | null; readonly json: boolean }): Promise<void>
  /** `offline` leaves out whether sources and Docker hosts answer. */
  check(request: { readonly configFile: string | null; readonly offline: boolean }): Promise<CheckReport>
  verifyAudit(request: {
    readonly configFile: string | null
    readonly checkpoint: AuditHead | null
  }): Promise<AuditReport>
  /** NDJSON, one event a line, a checkpoint last. */
  exportAudit(request: { readonly configFile: string | null }): AsyncIterable<string>
  /** Adds a key, in force at the next start; returns its id. */
  rotateAuditKey(request: { readonly configFile: string | null }): Promise<string>
  backup(request: {
    readonly configFile: string | null
    readonly target: string
    readonly verify: boolean
    readonly withKey: boolean
    readonly onProgress: (done: number, of: number) => void
  }): Promise<BackupReport>
  restore(request: {
    readonly configFile: string | null
    readonly backup: string
    readonly key: string | null
  }): Promise<RestoreReport>
  /** Works on the tokens of a store that no Hepar uses meanwhile. */
  tokens<T>(request: { readonly configFile: string | null }, work: (tokens: LocalTokens) => Promise<T>): Promise<T>
  pins(request: { readonly configFile: string | null }): Promise<readonly Pin[]>
  /** JSON Schema of a file that a user writes. */
  schema(name: 'playbook' | 'config'): unknown
}

/** Everything a command may touch. */
export interface CliParts {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Loads the server's half of the program, which client commands do not need. */
  readonly local: () => Promise<LocalTools>
}
