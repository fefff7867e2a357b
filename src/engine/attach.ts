import type { AlertRecord } from '../domain/alert.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import type { Incident } from '../domain/incident.ts'
import type { Destination } from './destinations.ts'
import type { NewId, Tx } from './ports.ts'

/** What an alert would do to the incidents of its destination. */
export type Attachment = 'attach' | 'reopen' | 'open'

/** Ill again soon after closing is the same incident; otherwise a new one opens. */
export function attachmentOf(latest: Incident | null, { playbook }: Destination, now: number): Attachment {
  if (latest === null) return 'open'
  if (latest.state !== 'closed') return 'attach'
  return latest.closedAt !== null && now - latest.closedAt < playbook.reopenWithinMs ? 'reopen' : 'open'
}

/** Opens, reopens or joins the incident of one playbook and target. Runs in the transaction that decided the alert. */
export async function attachAlert(
  tx: Tx,
  destination: Destination,
  record: AlertRecord,
  { now, newId }: { now: number; newId: NewId },
): Promise<readonly NewAuditEvent[]> {
  const { playbook, target } = destination
  const latest = await tx.latestIncident(playbook.name, target)
  const attachment = attachmentOf(latest, destination, now)
  const joined =
    attachment === 'attach' &&
    (await tx.openIncidentsOf(record.source, record.fingerprint)).some(({ id }) => id === latest?.id)
  const incident =
    attachment === 'open' || latest === null
      ? openIncident(destination, record, newId(now), now)
      : attachment === 'reopen'
        ? reopen(latest, record, now)
        : { ...latest, dueAt: soonest(latest, now) }
  if (attachment === 'open') await tx.openIncident(incident)
  else await tx.saveIncident(incident)
  if (joined) return []
  await tx.attach(incident.id, [record])
  const { source, fingerprint, episode, startsAt } = record
  const reason = attachment === 'reopen' ? `ill again after it ended ${latest?.ending}` : record.reason
  return [
    {
      type: eventTypes[attachment],
      at: now,
      actor: 'engine',
      incident: incident.id,
      playbook: playbook.name,
      target,
      body: { source, fingerprint, episode, startsAt, reason },
    },
  ]
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
    attempts: 0,
    reopenings: 0,
    dueAt: now,
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
