import type { HttpRule } from './http-allow.ts'
import type { Json } from './json.ts'
import type { MaintenanceWindow } from './pause.ts'
import type { AttemptBudget, Mode } from './playbook.ts'
import type { RedisServer } from './redis-server.ts'
import type { Retention } from './retention.ts'
import type { Secret } from './secret.ts'
import { defaultStormLimits, type StormLimits } from './storm.ts'

/** How to reach one HTTP peer. File paths are absolute. */
export interface Peer {
  readonly url: string
  readonly bearer?: Secret
  readonly basic?: { readonly user: string; readonly password: Secret }
  readonly headers: Readonly<Record<string, string>>
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
}

/** Where alerts come from, with the oracles that can be asked. */
export interface Source {
  readonly name: string
  readonly alertmanagers: readonly Peer[]
  readonly prometheus: Peer | null
}

export interface DockerHost {
  readonly name: string
  readonly socket: string | null
  readonly url: string | null
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null
  /** Values of the host label that mean this host. */
  readonly labelValues: readonly string[]
}

/** A document of the Open Policy Agent, or of what answers like it. */
export interface NamedPolicy {
  readonly name: string
  readonly peer: Peer
}

/** One POST of JSON, signed where there is a secret. */
export interface WebhookChannel {
  readonly type: 'webhook'
  readonly name: string
  readonly peer: Peer
  readonly secret: Secret | null
}

/** Slack's Web API, spoken to with the bot token in `peer.bearer`. */
export interface SlackChannel {
  readonly type: 'slack'
  readonly name: string
  readonly peer: Peer
  /** Where the bot writes: an id such as `C0123ABCD`, or a name. */
  readonly room: string
  /** What Slack signs a pressed button with; without it there are no buttons. */
  readonly signingSecret: Secret | null
  /** Who may press them: Slack's user ids, each with the name by which Hepar knows that person. */
  readonly approvers: Readonly<Record<string, string>>
}

/** PagerDuty's Events API v2. */
export interface PagerDutyChannel {
  readonly type: 'pagerduty'
  readonly name: string
  readonly peer: Peer
  readonly routingKey: Secret
}

/** A mail server that takes what it is given on towards people. */
export interface EmailChannel {
  readonly type: 'email'
  readonly name: string
  readonly server: { readonly host: string; readonly port: number }
  readonly security: 'starttls' | 'implicit' | 'none'
  /** A file with the certificates that are trusted instead of the system's. */
  readonly ca: string | null
  readonly login: { readonly user: string; readonly password: Secret } | null
  readonly from: string
  readonly to: readonly string[]
}

export const channelTypes = ['webhook', 'slack', 'pagerduty', 'email'] as const

/** Where people are told things. */
export type Channel = WebhookChannel | SlackChannel | PagerDutyChannel | EmailChannel

/** A folder of this machine whose old files may be removed, and within which bounds. */
export interface CleanRoot {
  /** What targets call this machine. */
  readonly host: string
  readonly root: string
  readonly olderThanMs: number
  /** Name or number of the user whose files may go; `null` for anybody's. */
  readonly owner: string | null
  /** Bounds of one run. */
  readonly filesMax: number
  readonly bytesMax: number
  readonly timeMs: number
}

/** A program that may be run for a service, never through a shell. */
export interface Command {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  /** What a playbook may append after `--`, in this order; each pattern is RE2 and must match the whole argument. */
  readonly appended: readonly { readonly name: string; readonly pattern: string }[]
  /** All it gets beside PATH. */
  readonly env: readonly { readonly name: string; readonly value: Secret }[]
  readonly timeoutMs: number
  /** Exit codes that mean done, and those that leave it unknown whether anything happened; any other means failed. */
  readonly doneCodes: readonly number[]
  readonly unknownCodes: readonly number[]
}

/** What is sent, and how people see it: as it is written, with every reference to a secret in place of the secret. */
export interface Veiled<Shown> {
  readonly value: Secret
  readonly shown: Shown
}

/** An HTTP request that may be made for a service. */
export interface ServiceRequest {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Like the body, it may hold `{{ name }}` of its values. */
  readonly url: Veiled<string>
  readonly headers: readonly ({ readonly name: string } & Veiled<string>)[]
  /** Its value is the text of a JSON document. */
  readonly body: Veiled<Json> | null
  /** What a playbook must give; each pattern is RE2 and must match the whole value. */
  readonly values: readonly { readonly name: string; readonly pattern: string }[]
  /** Statuses that mean done, and those from 500 on that surely mean that nothing was. */
  readonly successCodes: readonly number[]
  readonly failedCodes: readonly number[]
  /** The endpoint answers a repeat of the same `Idempotency-Key` without doing it again. */
  readonly idempotent: boolean
  readonly timeoutMs: number
  readonly tls?: Peer['tls']
}

/** What may be done for a service. */
export interface Service {
  readonly name: string
  /** What alerts call this machine. */
  readonly host: string
  /** The systemd unit that may be restarted. */
  readonly unit: string | null
  /** Its log on this machine, whose end is shown with a plan. */
  readonly logFile: string | null
  readonly commands: readonly Command[]
  readonly requests: readonly ServiceRequest[]
  /** A key of a configured Redis that exists while the service is in safe mode. */
  readonly mirror: { readonly redis: string; readonly key: string } | null
}

/** The certificate of the listener, in files. With `clientCa` only clients that it signed are talked to. */
export interface ListenerTls {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | null
}

export const roles = ['webhook', 'agent', 'viewer', 'operator', 'approver', 'admin'] as const
export type Role = (typeof roles)[number]

export interface Token {
  readonly name: string
  readonly role: Role
  /** The token itself, or `sha256:` and its digest in hex. */
  readonly token: Secret
  /** Epoch milliseconds; without it the token does not expire. */
  readonly expiresAt?: number
}

/** Everything `hepar.yaml` and the environment say, frozen. Paths are absolute, durations milliseconds. */
export interface Config {
  readonly file: string
  readonly listen: { readonly host: string; readonly port: number }
  /** `null` for plain HTTP. */
  readonly tls: ListenerTls | null
  readonly dataFolder: string
  readonly store: { readonly kind: 'sqlite'; readonly file: string }
  readonly mode: Mode
  readonly rules: readonly string[]
  readonly plugins: readonly string[]
  /** By the name of a plugin, the SHA-256 that its file must have, hex. */
  readonly pins: Readonly<Record<string, string>>
  readonly watchFiles: boolean
  readonly sources: readonly Source[]
  readonly docker: {
    readonly hosts: readonly DockerHost[]
    readonly hostLabel: string
    /** Globs over `<host>/<container name>`; a container may instead carry the label `hepar.enable=true`. */
    readonly allow: readonly string[]
    /** Globs over `<host>/<container name>` that are never touched. */
    readonly protect: readonly string[]
    readonly exporter: {
      readonly enabled: boolean
      readonly containersMax: number
      readonly include: readonly string[]
    }
  }
  readonly redis: readonly RedisServer[]
  readonly paths: readonly CleanRoot[]
  readonly services: readonly Service[]
  /** The URLs of playbooks and requests that may be called at all. */
  readonly http: { readonly allow: readonly HttpRule[] }
  readonly auth: { readonly tokens: readonly Token[] }
  readonly notify: readonly Channel[]
  /** Where people reach Hepar, for links; no slash at its end. `null` where nobody said. */
  readonly externalUrl: string | null
  /** What holds for the approvals of all playbooks, and of manual heals. */
  readonly approval: { readonly fourEyes: boolean }
  /** Policies that may be asked about plans. */
  readonly policies: readonly NamedPolicy[]
  /** Names of the channels that are told what concerns no single incident, and what no escalation of a playbook names. */
  readonly announce: readonly string[]
  readonly maintenance: readonly MaintenanceWindow[]
  readonly limits: Limits
  readonly retention: Retention
  readonly log: { readonly level: string }
}

/** Every bound of the engine, with its unit. */
export interface Limits {
  readonly bodyBytesMax: number
  readonly alertsPerDeliveryMax: number
  readonly labelsPerAlertMax: number
  readonly labelValueBytesMax: number
  readonly episodeGapMs: number
  /** Without an oracle, an alert not confirmed for this long is too old to act on, and counts as over. */
  readonly alertAgeMaxMs: number
  readonly effectsMax: number
  readonly reconcileEveryMs: number
  /** How long an unconfirmed resolution keeps an incident open. */
  readonly confirmWithinMs: number
  readonly shutdownGraceMs: number
  readonly probeEveryMs: number
  readonly runnerMemoryBytesMax: number
  readonly runnerOutputBytesMax: number
  readonly planTimeoutMs: number
  readonly startWithinMs: number
  /** How long a silence that Hepar sets outlives its last renewal. */
  readonly silenceTtlMs: number
  /** Attempts over all playbooks and targets. */
  readonly rate: readonly AttemptBudget[]
  /** Attempts on one target over all playbooks: more than that, and it flaps. */
  readonly targetActions: readonly AttemptBudget[]
  /** So often within the window effects may have made each other necessary, round and round. */
  readonly loops: AttemptBudget
  /** An illness that begins so soon after an attempt may be its doing. */
  readonly aftermathMs: number
  readonly storm: StormLimits
}

export const defaultLimits: Limits = {
  bodyBytesMax: 16 * 1024 * 1024,
  alertsPerDeliveryMax: 50_000,
  labelsPerAlertMax: 128,
  labelValueBytesMax: 64 * 1024,
  episodeGapMs: 60_000,
  alertAgeMaxMs: 6 * 3_600_000,
  effectsMax: 4,
  reconcileEveryMs: 60_000,
  confirmWithinMs: 15 * 60_000,
  shutdownGraceMs: 30_000,
  probeEveryMs: 2_000,
  runnerMemoryBytesMax: 256 * 1024 * 1024,
  runnerOutputBytesMax: 256 * 1024,
  planTimeoutMs: 15_000,
  startWithinMs: 2_000,
  silenceTtlMs: 60_000,
  rate: [
    { count: 10, windowMs: 60_000 },
    { count: 60, windowMs: 3_600_000 },
  ],
  targetActions: [
    { count: 4, windowMs: 3_600_000 },
    { count: 10, windowMs: 86_400_000 },
  ],
  loops: { count: 2, windowMs: 3_600_000 },
  aftermathMs: 300_000,
  storm: defaultStormLimits,
}
