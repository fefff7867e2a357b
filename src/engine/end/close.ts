import type { Attempt } from '../../domain/attempt.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Credit, Ending, Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import { endAsk } from '../approve/asking.ts'
import { rememberRecovery } from '../ladder/remember-trial.ts'
import type { NewId, Tx } from '../ports.ts'
import { tell } from '../tell/notices.ts'

/** Endings after which the target is well, so that a time to recovery exists. */
const recovered: ReadonlySet<Ending> = new Set(['healed', 'mitigated', 'self_recovered', 'escalated', 'unverified'])

/** Who is credited with the end of an illness. */
export function creditOf(incident: Incident, ending: Ending): Credit {
  if (incident.human) return 'human'
  return ending === 'healed' || ending === 'mitigated' ? 'automation' : 'self'
}

/** Closes an incident, with the times that tell how long it was ill and where that time went. */
export async function closeIncident(
  tx: Tx,
  incident: Incident,
  {
    ending,
    reason,
    now,
    newId,
    actor = 'engine',
  }: { ending: Ending; reason: string; now: number; newId: NewId; actor?: string },
): Promise<Incident> {
  const all = await tx.attemptsOf(incident.id)
  if (all.some(({ inForce }) => inForce)) throw new Error(`incident ${incident.id} has a temporary effect in force`)
  const attempts = all.filter(({ intendedAt }) => intendedAt >= incident.acceptedAt)
  await endAsk(tx, incident, { reason: `the incident ended ${ending}`, now, newId })
  const closed = await tx.saveIncident({
    ...incident,
    state: 'closed',
    ending,
    reason,
    closedAt: now,
    updatedAt: now,
    waiting: null,
    owed: null,
    blockedSince: null,
    holdUntil: null,
    dueAt: null,
  })
  const event: NewAuditEvent = {
    type: 'incident.closed',
    at: now,
    actor,
    incident: incident.id,
    playbook: incident.playbook,
    target: incident.target,
    body: {
      ending,
      reason,
      by: creditOf(incident, ending),
      recoverySeconds: recovered.has(ending) ? seconds(now - incident.illSince) : null,
      attempts: attempts.filter(({ reverts, effect }) => reverts === null && effect !== 'not_started').length,
      phases: phasesOf(incident, attempts, now),
    },
  }
  await tx.append([event])
  if (ending === 'self_recovered') await rememberRecovery(tx, incident, now)
  await tellWhoWasTold(tx, incident, event, { now, newId })
  return closed
}

/** Whoever was called to an incident, or asked about it, hears how it ended: in the commit that ends it, and once. */
async function tellWhoWasTold(
  tx: Tx,
  incident: Incident,
  { body, actor }: NewAuditEvent,
  making: { readonly now: number; readonly newId: NewId },
): Promise<void> {
  const channels = await tx.channelsToldOf(incident.id)
  if (channels.length === 0) return
  const { id, playbook, target, illSince, version } = incident
  const { phases: _, ...how } = body
  const notice = {
    event: 'incident.closed',
    dedupeKey: `closed:${id}:${version}`,
    incident: id,
    channels,
    body: { incident: id, playbook, target, ...how, closedBy: actor, illSince: new Date(illSince).toISOString() },
  } as const
  await tell(tx, notice, making)
}

/** Where the time went: until Hepar knew, until it began, while it acted, while it proved, while a temporary effect carried it. Sums to the whole. */
function phasesOf(incident: Incident, attempts: readonly Attempt[], now: number): JsonObject {
  const accept = Math.max(0, incident.acceptedAt - incident.illSince)
  if (attempts.length === 0) return { accept: seconds(accept), decide: seconds(now - incident.acceptedAt) }
  let act = 0
  let verify = 0
  for (const { intendedAt, effectEndedAt, concludedAt } of attempts) {
    const endedAt = effectEndedAt ?? concludedAt ?? now
    act += endedAt - intendedAt
    verify += (concludedAt ?? now) - endedAt
  }
  const hold = heldMs(attempts)
  const decide = Math.max(0, now - incident.acceptedAt - act - verify - hold)
  const phases = { accept: seconds(accept), decide: seconds(decide), act: seconds(act), verify: seconds(verify) }
  return hold === 0 ? phases : { ...phases, hold: seconds(hold) }
}

/** How long temporary effects were in force before the first try to take them back. */
function heldMs(attempts: readonly Attempt[]): number {
  let held = 0
  for (const { id, holdMs, concludedAt } of attempts) {
    const revert = holdMs === null ? undefined : attempts.find(({ reverts }) => reverts === id)
    if (revert && concludedAt !== null) held += Math.max(0, revert.intendedAt - concludedAt)
  }
  return held
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1000
}
