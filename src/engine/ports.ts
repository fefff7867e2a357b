import type { ActionInfo } from '../domain/action.ts'
import type { Alert, AlertRecord, Labels, Remainder } from '../domain/alert.ts'
import type { Attempt, CheckResult, Plan, RunnerIdentity } from '../domain/attempt.ts'
import type { AuditEvent, AuditHead, NewAuditEvent } from '../domain/audit.ts'
import type { StoreCopy } from '../domain/copy.ts'
import type { AuditFilter, IncidentFilter } from '../domain/filters.ts'
import type { Incident, IncidentState } from '../domain/incident.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import type { LeftAlone } from '../domain/left-alone.ts'
import type { OutboxMessage, Told } from '../domain/message.ts'
import type { Policy } from '../domain/policy.ts'
import type { Gap, PastEnds, PrunableEvents, PrunableFinder, PrunedRows, StoreSize } from '../domain/retention.ts'
import type { HealingSilence } from '../domain/silence.ts'
import type { ApprovalReads, ApprovalWrites } from './approve/approval-ports.ts'
import type { CountingReads } from './facts/counting.ts'
import type { TrialReads, TrialWrites } from './ladder/trial-ports.ts'
import type { PauseReads, PauseWrites } from './operate/pause-port.ts'
import type { TokenReads, TokenWrites } from './operate/token-ports.ts'
import type { MassReads, MassWrites } from './storm/mass-ports.ts'
import type { DueReads } from './turns/due.ts'

/** Wall clock in epoch milliseconds. Everything durable uses it; nothing reads the time in any other way. */
export interface Clock {
  now(): number
}

/** A new UUIDv7 for the given time. */
export type NewId = (nowMs: number) => string

/** The policy in force; replaced whole by a reload. */
export interface PolicyHolder {
  current(): Policy
}

/** A place where a test may hold the process; does nothing in production. */
export type Checkpoint = (name: string) => Promise<void> | void

// ---------------------------------------------------------------- store

export interface Reads extends ApprovalReads, CountingReads, DueReads, MassReads, PauseReads, TokenReads, TrialReads {
  alerts(source: string, fingerprints: readonly string[]): Promise<readonly AlertRecord[]>
  /** Firing alerts as they were first seen, for sweeps and the API; `after` is the `next` of the previous page. */
  firingAlerts(page: {
    readonly after?: number
    readonly limit: number
  }): Promise<{ readonly records: readonly AlertRecord[]; readonly next: number | null }>
  alertsOf(incident: string): Promise<readonly AlertRecord[]>
  incident(id: string): Promise<Incident | null>
  /** The open incident of this playbook and target, or else the one closed last, or `null`. */
  latestIncident(playbook: string, target: string): Promise<Incident | null>
  /** The same for many targets of one playbook; those without any are left out. */
  latestIncidents(playbook: string, targets: readonly string[]): Promise<readonly Incident[]>
  /** Open incidents to which this alert is attached. */
  openIncidentsOf(source: string, fingerprint: string): Promise<readonly Incident[]>
  incidents(filter: IncidentFilter): Promise<readonly Incident[]>
  /** Open incidents of any playbook on these targets, oldest first. */
  openIncidentsOn(targets: readonly string[]): Promise<readonly Incident[]>
  /** Incidents that wait at this gate, newest first, those opened before the one with the id `before`. */
  waitingAt(gate: string, limit: number, before?: string): Promise<readonly Incident[]>
  attempt(id: string): Promise<Attempt | null>
  attemptsOf(incident: string): Promise<readonly Attempt[]>
  /** Attempts not concluded, whatever their target. */
  activeAttempts(): Promise<readonly Attempt[]>
  /** An attempt that holds one of these (intent until conclusion): as its target, or as what else its plan touches; or `null`. */
  holder(objects: readonly string[]): Promise<Attempt | null>
  /** The attempt whose temporary effect is in force on this target, or `null`. */
  effectOn(target: string): Promise<Attempt | null>
  /** All attempts whose temporary effects are in force. */
  effectsInForce(): Promise<readonly Attempt[]>
  /** Set while this store is a copy of another that has not gone on from there yet. */
  copy(): Promise<StoreCopy | null>
  /** Truncated deliveries whose rest has not been decided yet, oldest first. */
  remainders(): Promise<readonly Remainder[]>
  /** Unsent messages whose time has come, at most so many of each channel; of one subject and channel only the oldest. */
  outboxDue(now: number, perChannelMax: number): Promise<readonly OutboxMessage[]>
  /** What a channel has accepted about a subject and gave a receipt for, oldest first. */
  told(subject: string, channel: string): Promise<readonly Told[]>
  /** Channels that called somebody to this incident or asked about it, and have not been told of its end since. */
  channelsToldOf(incident: string): Promise<readonly string[]>
  audit(filter: AuditFilter): Promise<readonly AuditEvent[]>
  auditHead(): Promise<AuditHead>
  /** Runs of events that retention has removed, oldest first. */
  gaps(): Promise<readonly Gap[]>
  /** Counts and sums for gauges and statistics. */
  incidentCounts(): Promise<Readonly<Record<IncidentState, number>>>
}

/** Writes of one transaction. All or nothing; events are chained in the order appended. */
export interface Tx extends Reads, ApprovalWrites, MassWrites, PauseWrites, TokenWrites, TrialWrites {
  saveAlerts(records: readonly AlertRecord[]): Promise<void>
  /** Throws StaleWrite when an open incident of one of their playbooks and targets exists: a unique index, not a check. */
  openIncidents(incidents: readonly Incident[]): Promise<void>
  /** Saves the incident if it still has `incident.version`, which it then raises by one; throws StaleWrite otherwise. Returns what is stored. */
  saveIncident(incident: Incident): Promise<Incident>
  attach(joins: readonly { incident: string; source: string; fingerprint: string }[]): Promise<void>
  /** Throws TargetHeld when another attempt holds the target or what else the plan touches, or another temporary effect is in force: unique indexes, not checks. */
  insertAttempt(attempt: Attempt): Promise<void>
  /** Saves the attempt if its stored fence equals `attempt.fence` and it is not concluded; throws StaleWrite otherwise. */
  saveAttempt(attempt: Attempt): Promise<void>
  /** Notes of a concluded attempt that its temporary effect is taken back. */
  release(attempt: string): Promise<void>
  /** In place of what was said of its target for the same reason. */
  leaveAlone(left: LeftAlone): Promise<void>
  /** Ends what leaves this target alone, and what was told with the same incidents, and pardons what was done there. Resolves to the targets. */
  takeUpAgain(target: string): Promise<readonly string[]>
  forgetCopy(): Promise<void>
  /** In place of an earlier one of the same group. Keeps the `keepMax` newest of all groups; resolves to how many others are lost. */
  saveRemainder(remainder: Remainder, keepMax: number): Promise<number>
  /** Does nothing when a newer one has taken its place. */
  removeRemainder(id: string): Promise<void>
  /** Does nothing when a message with this `dedupeKey` exists. */
  enqueue(message: OutboxMessage): Promise<void>
  saveMessage(message: OutboxMessage): Promise<void>
  append(events: readonly NewAuditEvent[]): Promise<void>
  /** Makes waiting messages due, and forgets of alerts what lies ahead of this moment: it was written before the clock was set back. */
  bringBack(now: number): Promise<void>
  /** Removes what `prunable` found, unless one of its incidents was opened again meanwhile. Resolves to whether it did. */
  removeEvents(events: PrunableEvents): Promise<boolean>
  /** Removes some of what ended before; resolves to how many rows, and whether to call again. */
  removePast(ends: PastEnds, rowsMax: number): Promise<{ readonly removed: PrunedRows; readonly more: boolean }>
  /** Gives so many free pages of the file back to the file system. */
  shrink(pages: number): Promise<void>
}

export interface Store {
  readonly read: Reads
  /**
   * Runs `work` alone against every other writer and commits durably before it resolves. `work` may await only `tx`.
   * Concurrent calls share one commit; one that throws is rolled back alone.
   * Throws StoreUnavailable when the medium fails. `label` names the commit for checkpoints and logs.
   */
  transaction<T>(label: string, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Called after each durable commit with the events it chained, in order. A listener that throws is logged, never felt. */
  onCommit(listener: (events: readonly AuditEvent[]) => void): () => void
  readonly prunable: PrunableFinder
  size(): StoreSize
  /** Whether the last write succeeded; `null` reason when healthy. */
  health(): { readonly ok: boolean; readonly reason: string | null }
  close(): Promise<void>
}

// ---------------------------------------------------------------- sources

/** What a source's oracle says about one alert. Times are epoch milliseconds. */
export type OracleAnswer =
  | { readonly kind: 'not_applicable'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | {
      readonly kind: 'answered'
      /** Active (firing or pending) at any oracle that knows it. */
      readonly firing: boolean
      /** Ids of silences by others. */
      readonly silencedBy: readonly string[]
      /** Silences that bear the mark of a Hepar, this one or another, and for which attempt it set them. */
      readonly healingSilences: readonly { readonly id: string; readonly attempt: string }[]
      readonly inhibitedBy: readonly string[]
      /** Prometheus only: the rule exists, its last evaluation succeeded, and when that was; `null` without Prometheus. */
      readonly rule: { readonly loaded: boolean; readonly healthy: boolean; readonly evaluatedAt: number | null } | null
      readonly detail: string
    }

export interface Sources {
  names(): readonly string[]
  /** Asks the alert's source whether it still fires, later than it was last heard of. Never throws; bounded in time. */
  ask(alert: { source: string; labels: Labels; fingerprint: string; lastSeenAt: number }): Promise<OracleAnswer>
  /**
   * All active, unsuppressed alerts a source's Alertmanagers know. An absent one says nothing: ask about it. Fails where
   * `ask` could answer nothing, either. `receiver` keeps only what is routed to it.
   */
  list(
    source: string,
    receiver?: string,
  ): Promise<{ readonly ok: true; readonly alerts: readonly Alert[] } | { readonly ok: false; readonly reason: string }>
  /** Instant query with its samples' own timestamps (epoch milliseconds). */
  query(
    source: string,
    promql: string,
  ): Promise<
    | {
        readonly ok: true
        readonly samples: readonly { readonly value: number; readonly at: number; readonly labels: Labels }[]
      }
    | { readonly ok: false; readonly reason: string }
  >
}

type Failed = { readonly ok: false; readonly reason: string }

/** One Alertmanager's silences of this kind. Nothing throws; every call is bounded in time. */
export interface Silencer {
  /** Its address, without secrets. */
  readonly alertmanager: string
  /** Those in force, whichever Hepar set them. */
  list(): Promise<{ readonly ok: true; readonly silences: readonly HealingSilence[] } | Failed>
  /** Sets one, or with an `id` moves the end of that one. The times are told on its own clock, as `list` last saw it. */
  set(silence: {
    readonly id: string | null
    readonly attempt: string
    readonly target: string
    readonly labels: Labels
    readonly endsAt: number
  }): Promise<{ readonly ok: true; readonly id: string } | Failed>
  /** One that is gone already counts as expired. */
  expire(id: string): Promise<{ readonly ok: true } | Failed>
}

/** The Alertmanagers of a source in force. */
export type Silencers = (source: string) => readonly Silencer[]

/** One guarded HTTP GET for probes. Never throws. */
export type HttpProbe = (
  url: string,
  timeoutMs: number,
) => Promise<{ readonly ok: true; readonly status: number } | { readonly ok: false; readonly reason: string }>

// ---------------------------------------------------------------- actions

export interface ActionCall {
  readonly action: ActionInfo
  readonly target: string
  readonly params: Readonly<Record<string, unknown>>
  readonly now: number
}

/** Times in epoch milliseconds; `effectSeen` is false when nobody saw how the effect ended. */
export interface VerifyCall {
  readonly action: ActionInfo
  readonly plan: Plan
  readonly intendedAt: number
  readonly effectEndedAt: number
  readonly effectSeen: boolean
}

/** `refused` with `final` can never pass; without it, it may pass at `retryAt`. */
export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan; readonly digest: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly final: boolean; readonly evidence: JsonObject }
  | { readonly kind: 'failed'; readonly reason: string }

export type EffectResult =
  | { readonly kind: 'done'; readonly report: JsonObject }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The runner refused before any effect: too late, or the file changed. */
  | { readonly kind: 'not_started'; readonly reason: string }
  /** Deadline, crash, limit or lost channel: nobody knows. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** A pre-started process reserved for one effect. It is discarded afterwards, whatever happened. */
export interface Runner {
  readonly identity: RunnerIdentity
  run(effect: {
    /** Whether to bring the effect about or to take it back. */
    readonly verb: 'run' | 'revert'
    readonly action: ActionInfo
    readonly plan: Plan
    readonly idempotencyKey: string
    readonly intendedAt: number
    readonly deadlineAt: number
    readonly signal: AbortSignal
  }): Promise<EffectResult>
  /** Gives back a runner that was never started. */
  discard(): Promise<void>
}

export interface Actions {
  plan(call: ActionCall): Promise<PlanOutcome>
  verify(call: VerifyCall): Promise<CheckResult>
  /** A runner with the action's plugin loaded; rejects when none can be had. */
  reserve(action: ActionInfo): Promise<Runner>
  /** Ends whatever is left of a runner: its group and everything that carries its marker. Resolves when they are gone. */
  endSurvivors(runner: RunnerIdentity): Promise<readonly { readonly pid: number; readonly command: string }[]>
  close(): Promise<void>
}

// ---------------------------------------------------------------- the rest

/** Says when to call `advance`; correctness never rests on it. */
export interface Queue {
  /** Look at the store's due times now. */
  wake(): void
  /** Looks at this incident now, due or not; `false` when that is not possible. */
  hurry(incident: string): boolean
  start(advance: (incident: string) => Promise<void>): void
  /** Number waiting and age of the oldest, for metrics. */
  depth(): Promise<{ readonly count: number; readonly oldestSeconds: number }>
  close(): Promise<void>
}

export interface Log {
  debug(fields: Readonly<Record<string, Json | undefined>>, message: string): void
  info(fields: Readonly<Record<string, Json | undefined>>, message: string): void
  warn(fields: Readonly<Record<string, Json | undefined>>, message: string): void
  error(fields: Readonly<Record<string, Json | undefined>>, message: string): void
}
