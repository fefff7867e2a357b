import { budgetWindowMaxMs, cooldownMaxMs, reopenWithinMaxMs } from '../../domain/playbook.ts'
import type { PastEnds, Retention, StoreSize } from '../../domain/retention.ts'

const day = 86_400_000

/** The rule of size never takes the last day: a flood of alerts must not wash away its own traces. */
const keptWhateverSizeMs = day
/** Longer than any gap between two firings counts as one, and than Alertmanager repeats what is over. */
const alertsKeptMs = 2 * day
const messagesKeptMs = 2 * day
const incidentsKeptMs = Math.max(cooldownMaxMs, reopenWithinMaxMs)
/** A clock that was ahead for a while and is set right must not have let go of what counts again. */
const clockErrorMs = day
/** No attempt goes while a budget of any playbook, also of one that is loaded later, could still count it. */
const attemptsKeptMs = Math.max(budgetWindowMaxMs, cooldownMaxMs, reopenWithinMaxMs) + clockErrorMs

/** Begins below the limit, so that the file stays below it, too. */
const fullShare = 0.9
/** Free pages are what the next events go to; only where far more are free than that is the file worth shortening. */
const freeShareMax = 0.25
const freeBytesMax = 16 * 1024 * 1024

/** Up to when what may go, in epoch milliseconds. */
export interface Ends {
  readonly events: { readonly age: number | null; readonly bytes: number }
  readonly past: PastEnds
  /** Whether it is their age that lets things of the past go. */
  readonly byAge: boolean
}

/**
 * `bytesBefore` is up to when the rule of size has taken events already. The past grows old `hasten` times as fast as the
 * clock says; 1 in production. Pure.
 */
export function endsOf({ auditMs }: Retention, bytesBefore: number, now: number, hasten = 1): Ends {
  const before = (keptMs: number) => now - keptMs / hasten
  const age = auditMs === null ? null : before(auditMs)
  const gone = Math.max(age ?? Number.NEGATIVE_INFINITY, bytesBefore)
  return {
    events: { age, bytes: before(keptWhateverSizeMs) },
    past: {
      incidents: Math.min(gone, before(incidentsKeptMs)),
      attempts: Math.min(gone, before(attemptsKeptMs)),
      alerts: Math.min(gone, before(alertsKeptMs)),
      messages: Math.min(gone, before(messagesKeptMs)),
    },
    byAge: age !== null && age >= bytesBefore,
  }
}

export function isOver({ liveBytes }: StoreSize, { bytesMax }: Retention): boolean {
  return liveBytes > fullShare * bytesMax
}

export function wantsShrinking({ liveBytes, freeBytes }: StoreSize): boolean {
  return freeBytes > freeBytesMax && freeBytes > freeShareMax * (liveBytes + freeBytes)
}
