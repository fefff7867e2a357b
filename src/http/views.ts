import type { AlertRecord } from '../domain/alert.ts'
import type { Attempt } from '../domain/attempt.ts'
import type { AuditEvent } from '../domain/audit.ts'
import type { Incident } from '../domain/incident.ts'
import type { Pause, ScopedPause } from '../domain/pause.ts'
import { hasBegun } from '../engine/facts/pauses.ts'

/** Epoch milliseconds as RFC 3339. */
export function iso(at: number): string
export function iso(at: number | null): string | null
export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** How an incident looks to a reader of the API; times are RFC 3339. */
export function viewIncident(incident: Incident) {
  return {
    ...incident,
    openedAt: iso(incident.openedAt),
    illSince: iso(incident.illSince),
    acceptedAt: iso(incident.acceptedAt),
    startsAt: iso(incident.startsAt),
    closedAt: iso(incident.closedAt),
    updatedAt: iso(incident.updatedAt),
    handedOverAt: iso(incident.handedOverAt),
    blockedSince: iso(incident.blockedSince),
    unconfirmedSince: iso(incident.unconfirmedSince),
    holdUntil: iso(incident.holdUntil),
    dueAt: iso(incident.dueAt),
    waiting: incident.waiting === null ? null : { ...incident.waiting, until: iso(incident.waiting.until) },
  }
}

export function viewAlert(record: AlertRecord) {
  return {
    ...record,
    startsAt: iso(record.startsAt),
    firstSeenAt: iso(record.firstSeenAt),
    lastSeenAt: iso(record.lastSeenAt),
    resolvedAt: iso(record.resolvedAt),
  }
}

/** The gates as an assessment recorded them. */
export function viewGates(recorded: unknown): readonly unknown[] {
  if (!Array.isArray(recorded)) return []
  return recorded.map((row) => (typeof row.until === 'number' ? { ...row, until: iso(row.until) } : row))
}

export function viewAttempt(attempt: Attempt) {
  const { runner: _, ...rest } = attempt
  return {
    ...rest,
    intendedAt: iso(attempt.intendedAt),
    deadlineAt: iso(attempt.deadlineAt),
    effectEndedAt: iso(attempt.effectEndedAt),
    verifyUntil: iso(attempt.verifyUntil),
    heldSince: iso(attempt.heldSince),
    lastRoundAt: iso(attempt.lastRoundAt),
    concludedAt: iso(attempt.concludedAt),
  }
}

/** An audit event; its body is untouched, because the chain covers it. */
export function viewEvent(event: AuditEvent) {
  return { ...event, at: iso(event.at) }
}

export function viewPause(pause: Pause | null, now: number) {
  if (pause === null || (pause.until !== null && pause.until <= now)) return { paused: false }
  return { paused: true, reason: pause.reason, by: pause.by, since: iso(pause.since), until: iso(pause.until) }
}

/** `state` is `active` or `planned`; one that has expired is not shown. */
export function viewScopedPause(pause: ScopedPause, now: number) {
  return {
    ...pause,
    since: iso(pause.since),
    from: iso(pause.from),
    until: iso(pause.until),
    state: hasBegun(pause, now) ? 'active' : 'planned',
  }
}
