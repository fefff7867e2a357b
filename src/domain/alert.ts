/** Label and annotation maps have no prototype, so `__proto__` is a key like any other. */
export type Labels = Readonly<Record<string, string>>

/**
 * A map that was parsed a moment ago and belongs to nobody else, as labels. It is that very map, because a copy into one that
 * never had a prototype is slow to read and takes several times the room.
 */
export function asLabels(parsed: object): Labels {
  return Object.setPrototypeOf(parsed, null)
}

export type AlertStatus = 'firing' | 'resolved'

/** One element of a delivery, parsed. All times are epoch milliseconds. */
export interface Alert {
  readonly fingerprint: string
  readonly status: AlertStatus
  readonly labels: Labels
  readonly annotations: Labels
  readonly startsAt: number
  /** `null` while the alert fires (Alertmanager sends the year 1). */
  readonly endsAt: number | null
  readonly generatorURL: string
}

/** An element that could not be parsed: it gets the decision `rejected` with this reason. */
export interface Unparsable {
  readonly index: number
  readonly fingerprint: string | null
  readonly reason: string
}

export type ParsedAlert =
  | { readonly ok: true; readonly alert: Alert }
  | { readonly ok: false; readonly problem: Unparsable }

/** One webhook POST: a snapshot of one alert group. */
export interface Delivery {
  readonly source: string
  readonly receiver: string
  readonly groupKey: string
  readonly groupLabels: Labels
  readonly externalURL: string
  readonly truncatedAlerts: number
  readonly alerts: readonly ParsedAlert[]
  /** SHA-256 of the raw body, hex. */
  readonly digest: string
  /** `webhook` for a POST, `reconcile` for alerts fetched from the source's API. */
  readonly via: 'webhook' | 'reconcile'
}

/** What Alertmanager cut from a delivery, until it has been fetched and decided: all that is needed to ask for it. */
export interface Remainder {
  /** Newer ones are greater. */
  readonly id: string
  /** Digest of source, receiver, group key and group labels: one group waits once. */
  readonly group: string
  readonly source: string
  readonly receiver: string
  readonly groupKey: string
  readonly groupLabels: Labels
}

export const decisions = ['matched', 'unmatched', 'duplicate', 'stale', 'resolved', 'rejected'] as const
export type DecisionKind = (typeof decisions)[number]

/** What Hepar made of one alert of one delivery: exactly one, always with a reason. */
export interface Decision {
  readonly fingerprint: string | null
  readonly decision: DecisionKind
  readonly reason: string
  /** The playbooks that matched, in order; empty unless `matched`. */
  readonly playbooks: readonly string[]
}

/** A row of the table of active alerts: the latest known truth about one alert of one source. */
export interface AlertRecord {
  readonly source: string
  readonly fingerprint: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly groupLabels: Labels
  readonly receiver: string
  readonly generatorURL: string
  readonly status: AlertStatus
  /** Identifies one firing period; kept over gaps shorter than `episodeGap`. */
  readonly episode: string
  readonly startsAt: number
  readonly firstSeenAt: number
  /** When a delivery or the source's oracle last confirmed the status. */
  readonly lastSeenAt: number
  readonly resolvedAt: number | null
  readonly resolvedBy: 'delivery' | 'oracle' | null
  /** True once the oracle confirmed the resolution (or has none by configuration). */
  readonly resolvedConfirmed: boolean
  readonly decision: DecisionKind
  readonly reason: string
  readonly playbooks: readonly string[]
  /** Revision of the rules that decided. */
  readonly rulesRevision: string
}
