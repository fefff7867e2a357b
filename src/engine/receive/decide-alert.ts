import type { Alert, AlertRecord } from '../../domain/alert.ts'
import { canonicalJson } from '../../domain/json.ts'

/** Where an alert came in, and what a new firing period would be called. */
export interface Arrival {
  readonly source: string
  readonly receiver: string
  readonly groupLabels: AlertRecord['groupLabels']
  readonly now: number
  readonly episodeGapMs: number
  readonly newEpisode: string
}

/** What one alert means beside what is known of it. `begins` still has to be matched against the playbooks. */
export type Reading =
  | { readonly kind: 'begins'; readonly reason: string; readonly record: AlertRecord }
  | { readonly kind: 'duplicate' | 'resolved'; readonly reason: string; readonly record: AlertRecord }
  | { readonly kind: 'stale'; readonly reason: string; readonly askSource: boolean }
  | { readonly kind: 'rejected'; readonly reason: string }

/**
 * Decides one alert from the latest known truth about it. Pure. Order and repetition of deliveries do not matter: times
 * inside the alerts decide, and where they are ambiguous the source is asked instead of guessing.
 */
export function decideAlert(alert: Alert, known: AlertRecord | undefined, arrival: Arrival): Reading {
  if (known && canonicalJson(known.labels) !== canonicalJson(alert.labels)) {
    return { kind: 'rejected', reason: 'the labels differ from those known under this fingerprint' }
  }
  return alert.status === 'firing' ? decideFiring(alert, known, arrival) : decideResolved(alert, known, arrival)
}

function decideFiring(alert: Alert, known: AlertRecord | undefined, arrival: Arrival): Reading {
  const { now } = arrival
  if (alert.endsAt !== null && alert.endsAt <= now) {
    return { kind: 'stale', reason: 'it says that it fires, but its end has passed', askSource: false }
  }
  if (!known) return { kind: 'begins', reason: 'new', record: begin(alert, undefined, arrival) }
  if (known.status === 'firing') {
    const moved = alert.startsAt !== known.startsAt
    const reason = moved ? 'already firing; its start moved' : 'already firing'
    const startsAt = Math.max(known.startsAt, alert.startsAt)
    return {
      kind: 'duplicate',
      reason,
      record: { ...known, annotations: alert.annotations, startsAt, lastSeenAt: now },
    }
  }
  const resolvedAt = known.resolvedAt ?? known.lastSeenAt
  if (alert.startsAt <= Math.max(resolvedAt, known.startsAt)) {
    const reason =
      'a resolution of this firing or a later one is recorded, so the order is ambiguous: asking the source'
    return { kind: 'stale', reason, askSource: true }
  }
  return { kind: 'begins', reason: 'fires again', record: begin(alert, known, arrival) }
}

function decideResolved(alert: Alert, known: AlertRecord | undefined, arrival: Arrival): Reading {
  // An end ahead of our clock would make every firing until then look older than its own resolution.
  const endedAt = Math.min(alert.endsAt ?? arrival.now, arrival.now)
  if (!known) {
    const record = resolve({ ...begin(alert, undefined, arrival) }, endedAt, arrival.now)
    return { kind: 'resolved', reason: 'resolved before it was ever seen firing', record }
  }
  if (known.status === 'firing') {
    if (alert.startsAt < known.startsAt && endedAt <= known.startsAt) {
      return { kind: 'stale', reason: 'it ended before the present firing began', askSource: false }
    }
    const startsAt = Math.max(known.startsAt, alert.startsAt)
    return { kind: 'resolved', reason: 'resolved', record: resolve({ ...known, startsAt }, endedAt, arrival.now) }
  }
  if (alert.startsAt <= known.startsAt) {
    const resolvedAt = Math.max(known.resolvedAt ?? endedAt, endedAt)
    return { kind: 'duplicate', reason: 'already resolved', record: { ...known, resolvedAt, lastSeenAt: arrival.now } }
  }
  const record = resolve({ ...known, startsAt: alert.startsAt }, endedAt, arrival.now)
  return { kind: 'resolved', reason: 'a firing that was never seen is resolved', record }
}

function begin(alert: Alert, known: AlertRecord | undefined, arrival: Arrival): AlertRecord {
  const gapMs = known?.resolvedAt != null ? alert.startsAt - known.resolvedAt : Number.POSITIVE_INFINITY
  const same = known !== undefined && gapMs < arrival.episodeGapMs
  return {
    source: arrival.source,
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    annotations: alert.annotations,
    groupLabels: arrival.groupLabels,
    receiver: arrival.receiver,
    generatorURL: alert.generatorURL,
    status: 'firing',
    episode: same ? known.episode : arrival.newEpisode,
    startsAt: alert.startsAt,
    firstSeenAt: same ? known.firstSeenAt : arrival.now,
    lastSeenAt: arrival.now,
    resolvedAt: null,
    resolvedBy: null,
    resolvedConfirmed: false,
    decision: 'unmatched',
    reason: '',
    playbooks: [],
    rulesRevision: '',
  }
}

function resolve(record: AlertRecord, resolvedAt: number, now: number): AlertRecord {
  return {
    ...record,
    status: 'resolved',
    resolvedAt,
    resolvedBy: 'delivery',
    resolvedConfirmed: false,
    lastSeenAt: now,
  }
}
