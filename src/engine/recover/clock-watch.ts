import { type Incident, incidentStates } from '../../domain/incident.ts'
import type { StormRecord } from '../../domain/storm.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { lookAgain } from '../turns/look-again.ts'

/** So much no comparison minds; it is what clocks are corrected by every day. */
const toleranceMs = 1_000

export interface ClockWatchPorts {
  readonly store: Pick<Store, 'read' | 'transaction'>
  readonly clock: Clock
  readonly log: Log
}

/** Notices that the clock was set back, also while nobody ran. */
export interface ClockWatch {
  /** Rejects when that could not be written; the next look tries again. */
  look(): Promise<void>
}

/**
 * What was written before the clock was set back lies ahead of it: nobody would look at an incident, send a message again or believe that an
 * alert fires anew until the clock had caught up. So all that is still waited for is brought back to now. Budgets and cooldowns stay
 * where they are: they only block.
 */
export function createClockWatch(ports: ClockWatchPorts): ClockWatch {
  const { store, clock, log } = ports
  let latest: number | null = null
  return {
    async look() {
      const now = clock.now()
      const before = latest ?? (await latestEventAt(store))
      if (now < before - toleranceMs) {
        log.warn({ backMs: before - now }, 'the clock was set back: what waited for a time ahead is looked at now')
        await bringBack(ports)
        latest = now
      } else latest = Math.max(before, now)
    },
  }
}

/** What a start writes before its first look comes after what the process before it wrote. */
const lastEvents = 50

async function latestEventAt({ read }: Pick<Store, 'read'>): Promise<number> {
  const { seq } = await read.auditHead()
  const events = await read.audit({ after: Math.max(0, seq - lastEvents), limit: lastEvents })
  return Math.max(Number.NEGATIVE_INFINITY, ...events.map(({ at }) => at))
}

const openStates = incidentStates.filter((state) => state !== 'closed')

async function bringBack(ports: ClockWatchPorts): Promise<void> {
  const { store, clock } = ports
  await store.transaction('clock', async (tx) => {
    const now = clock.now()
    await tx.bringBack(now)
    await tx.setStormRecord(stormBy(await tx.stormRecord(), now))
  })
  await lookAgain(
    ports,
    (tx, before, limit) => tx.incidents({ states: openStates, limit, ...(before !== undefined && { before }) }),
    incidentBy,
  )
}

/** The incident without a time of the past that is still to come. What it waits for is decided anew. Pure. */
export function incidentBy(incident: Incident, now: number): Incident {
  const { illSince, acceptedAt, startsAt, updatedAt, handedOverAt, toldAt, blockedSince, unconfirmedSince } = incident
  const { holdUntil } = incident
  return {
    ...incident,
    illSince: Math.min(illSince, now),
    acceptedAt: Math.min(acceptedAt, now),
    startsAt: Math.min(startsAt, now),
    handedOverAt: notAfter(handedOverAt, now),
    toldAt: notAfter(toldAt, now),
    blockedSince: notAfter(blockedSince, now),
    unconfirmedSince: notAfter(unconfirmedSince, now),
    // As much of the hold as was left when it was last looked at.
    holdUntil: notAfter(holdUntil, now + Math.max(0, (holdUntil ?? 0) - updatedAt)),
  }
}

/** What was of the storm still is, and nothing that comes now is of one that is over. */
function stormBy(record: StormRecord, now: number): StormRecord {
  const { storm, last } = record
  return {
    ...record,
    storm: storm && { ...storm, since: Math.min(storm.since, now), from: Math.min(storm.from, now) },
    last: last && {
      ...last,
      since: Math.min(last.since, now),
      from: Math.min(last.from, now),
      endedAt: Math.min(last.endedAt, now),
    },
  }
}

function notAfter(at: number | null, now: number): number | null {
  return at === null ? null : Math.min(at, now)
}
