import type { AlertRecord } from '../../domain/alert.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Incident } from '../../domain/incident.ts'
import { ladderGoesOn } from '../ladder/choose-ladder.ts'
import type { Destination } from '../match/destinations.ts'
import type { NewId, Tx } from '../ports.ts'

/** What an alert would do to the incidents of its destination. */
export type Attachment = 'attach' | 'reopen' | 'open'

/** Ill again soon after closing is the same incident; otherwise a new one opens. */
export function attachmentOf(latest: Incident | null, { playbook }: Destination, now: number): Attachment {
  if (latest === null) return 'open'
  if (latest.state !== 'closed') return 'attach'
  return latest.closedAt !== null && now - latest.closedAt < playbook.reopenWithinMs ? 'reopen' : 'open'
}

/** A firing alert and where it leads. */
export interface Arrival {
  readonly destination: Destination
  readonly record: AlertRecord
}

/**
 * Opens, reopens or joins the incidents of any number of alerts, each arrival seeing what the ones before it did. Runs in
 * the transaction that decided them. Resolves to the events of each arrival, in their order.
 */
export async function attachAlerts(
  tx: Tx,
  arrivals: readonly Arrival[],
  { now, newId }: { now: number; newId: NewId },
): Promise<readonly (readonly NewAuditEvent[])[]> {
  const latest = await latestOf(tx, arrivals)
  const opened = new Map<string, Incident>()
  const changed = new Map<string, Incident>()
  const joins = new Map<string, { incident: string; source: string; fingerprint: string }>()
  const events: NewAuditEvent[][] = []
  for (const { destination, record } of arrivals) {
    const key = placeOf(destination)
    const before = latest.get(key) ?? null
    const attachment = attachmentOf(before, destination, now)
    const incident = attached(attachment, before, destination, record, { now, newId })
    latest.set(key, incident)
    if (attachment === 'open' || opened.has(incident.id)) opened.set(incident.id, incident)
    else changed.set(incident.id, incident)
    const { source, fingerprint } = record
    const join = JSON.stringify([incident.id, source, fingerprint])
    const known = joins.has(join) || (attachment === 'attach' && (await isAttached(tx, incident.id, record)))
    const goesOn = attachment === 'reopen' ? ladderGoesOn(incident, destination.playbook, now) : null
    const begun = known ? [] : [attachmentEvent(attachment, incident, before, record, now)]
    events.push(goesOn === null ? begun : [...begun, goesOn])
    if (attachment === 'reopen' && before !== null) await tx.relapse(before)
    if (!known) joins.set(join, { incident: incident.id, source, fingerprint })
  }
  if (opened.size > 0) await tx.openIncidents([...opened.values()])
  for (const incident of changed.values()) await tx.saveIncident(incident)
  if (joins.size > 0) await tx.attach([...joins.values()])
  return events
}

function attached(
  attachment: Attachment,
  latest: Incident | null,
  destination: Destination,
  record: AlertRecord,
  { now, newId }: { now: number; newId: NewId },
): Incident {
  if (attachment === 'open' || latest === null) return openIncident(destination, record, newId(now), now)
  return attachment === 'reopen' ? reopen(latest, record, now) : { ...latest, dueAt: soonest(latest, now) }
}

function placeOf({ playbook, target }: Destination): string {
  return JSON.stringify([playbook.name, target])
}

/** The latest incident of each place that has one. */
async function latestOf(tx: Tx, arrivals: readonly Arrival[]): Promise<Map<string, Incident>> {
  const targets = Map.groupBy(arrivals, ({ destination }) => destination.playbook.name)
  const latest = new Map<string, Incident>()
  for (const [playbook, group] of targets) {
    const wanted = [...new Set(group.map(({ destination }) => destination.target))]
    for (const incident of await tx.latestIncidents(playbook, wanted)) {
      latest.set(JSON.stringify([playbook, incident.target]), incident)
    }
  }
  return latest
}

async function isAttached(tx: Tx, incident: string, { source, fingerprint }: AlertRecord): Promise<boolean> {
  return (await tx.openIncidentsOf(source, fingerprint)).some(({ id }) => id === incident)
}

function attachmentEvent(
  attachment: Attachment,
  { id, playbook, target }: Incident,
  before: Incident | null,
  { source, fingerprint, episode, startsAt, reason }: AlertRecord,
  now: number,
): NewAuditEvent {
  const why = attachment === 'reopen' ? `ill again after it ended ${before?.ending}` : reason
  // Where an alert is what a playbook waited for, the event says so by its playbook and target.
  const plain = why === `${playbook} on ${target}`
  const body = { episode, fingerprint, ...(plain ? {} : { reason: why }), source, startsAt }
  return { type: eventTypes[attachment], at: now, actor: 'engine', incident: id, playbook, target, body }
}

const eventTypes = {
  open: 'incident.opened',
  reopen: 'incident.reopened',
  attach: 'incident.attached',
} as const

/** What every illness begins with, the first as well as a relapse. */
const freshIllness = {
  state: 'open',
  ending: null,
  reason: '',
  closedAt: null,
  touched: false,
  handedOverAt: null,
  waiting: null,
  blockedSince: null,
  wouldRunRevision: null,
  holdUntil: null,
  cancelRequestedBy: null,
  human: false,
  unconfirmedSince: null,
  owed: null,
} as const satisfies Partial<Incident>

/** A fresh incident with nothing done yet; also the shape of a manual heal's and an explanation's. */
export function openIncident(destination: Destination, record: AlertRecord | null, id: string, now: number): Incident {
  const startsAt = Math.min(record?.startsAt ?? now, now)
  return {
    ...freshIllness,
    id,
    playbook: destination.playbook.name,
    playbookRevision: destination.playbook.revision,
    target: destination.target,
    openedAt: now,
    illSince: startsAt,
    acceptedAt: now,
    startsAt,
    updatedAt: now,
    step: 0,
    ladder: null,
    attempts: 0,
    reopenings: 0,
    toldAt: null,
    // Until it has settled there is nothing to do for it, so a storm is not looked at one by one only to find that out.
    dueAt: record === null ? now : Math.max(now, startsAt + destination.playbook.settleMs),
    version: 1,
    manual: null,
  }
}

/** The ladder goes on where it stood: what healed only for a moment is not tried first again. */
export function reopen(closed: Incident, record: AlertRecord, now: number): Incident {
  const illSince = Math.min(record.startsAt, now)
  const reopenings = closed.reopenings + 1
  return { ...closed, ...freshIllness, illSince, acceptedAt: now, updatedAt: now, reopenings, dueAt: now }
}

/** While an effect or its verification is under way, a joining alert changes nothing about when to look. */
function soonest(incident: Incident, now: number): number | null {
  return incident.state === 'acting' || incident.state === 'verifying' ? incident.dueAt : now
}
