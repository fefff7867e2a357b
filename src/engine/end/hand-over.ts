import type { AlertRecord } from '../../domain/alert.ts'
import type { Attempt } from '../../domain/attempt.ts'
import { formatAgeMs } from '../../domain/duration.ts'
import type { Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import { leftAloneMaxMs, relapseIsNewsMs } from '../../domain/left-alone.ts'
import { isOfStorm } from '../../domain/storm.ts'
import { endAsk } from '../approve/asking.ts'
import type { NewId, Tx } from '../ports.ts'
import { tell } from '../tell/notices.ts'
import { toldAlerts } from '../tell/told-alerts.ts'

/** How long a person who was told of an illness is not told of its relapses, as long as nothing is done about them. */
const toldForMs = leftAloneMaxMs

/**
 * Gives an incident to a human, once per illness; the message leaves through the outbox, in the same commit. What relapses with
 * nothing done since a human was told of it goes back to that human without another word, until it has lasted for a while: that human
 * was told of its end.
 */
export async function handOver(
  tx: Tx,
  incident: Incident,
  {
    channel,
    reason,
    now,
    newId,
    dueAt,
  }: { channel: string | null; reason: string; now: number; newId: NewId; dueAt: number },
): Promise<Incident> {
  await endAsk(tx, incident, { reason: `handed over: ${reason}`, now, newId })
  const attempts = await tx.attemptsOf(incident.id)
  if (isOldNews(incident, attempts, now)) {
    const ago = formatAgeMs(now - (incident.toldAt ?? now))
    const flaps = `flapping: ill again after it was handed over ${ago} ago (${reason})`
    return leaveWithPerson(tx, incident, { reason: flaps, told: incident.id, until: null, now, dueAt })
  }
  const saved = await tx.saveIncident({ ...withPerson(incident, reason, now), toldAt: now, dueAt })
  // Of thousands that nobody has touched, one message told already: that of the storm.
  const told = !incident.touched && isOfStorm(await tx.stormRecord(), incident)
  const notice = {
    event: 'incident.handed_over',
    // The version makes each hand-over one message, and a repeated transaction none.
    dedupeKey: `handed_over:${incident.id}:${incident.version}`,
    incident: incident.id,
    channels: channel === null || told ? [] : [channel],
    body: await messageOf(tx, saved, reason),
  } as const
  await tell(tx, notice, { now, newId })
  await tx.append([
    {
      type: 'incident.handed_over',
      ...about(incident, now),
      body: { reason, channel, attempts: attempts.length, ...(told && { told: 'storm' }) },
    },
  ])
  return saved
}

/** Leaves an incident with the human who was told of the same trouble with the incident `told`. */
export async function leaveWithPerson(
  tx: Tx,
  incident: Incident,
  {
    reason,
    told,
    until,
    now,
    dueAt,
  }: { reason: string; told: string; until: number | null; now: number; dueAt: number },
): Promise<Incident> {
  const saved = await tx.saveIncident({ ...withPerson(incident, reason, now), dueAt })
  await tx.append([{ type: 'incident.left_alone', ...about(incident, now), body: { reason, told, until } }])
  return saved
}

function isOldNews({ toldAt, acceptedAt }: Incident, attempts: readonly Attempt[], now: number): boolean {
  if (toldAt === null || acceptedAt <= toldAt || now - toldAt >= toldForMs) return false
  if (now - acceptedAt >= relapseIsNewsMs) return false
  return !attempts.some(({ intendedAt, outcome }) => intendedAt >= toldAt && outcome !== 'cancelled')
}

function withPerson(incident: Incident, reason: string, now: number): Incident {
  return {
    ...incident,
    state: 'handed_over',
    reason,
    handedOverAt: now,
    human: true,
    waiting: null,
    owed: null,
    blockedSince: null,
    holdUntil: null,
    updatedAt: now,
  }
}

function about({ id, playbook, target }: Incident, now: number) {
  return { at: now, actor: 'engine', incident: id, playbook, target } as const
}

const attemptsToldMax = 20

function firingFirst(alerts: readonly AlertRecord[]): readonly AlertRecord[] {
  const firing = ({ status }: AlertRecord) => status === 'firing'
  return [...alerts.filter(firing), ...alerts.filter((alert) => !firing(alert))]
}

/** What a human needs at three in the morning: what is ill, what was tried, what was seen. */
async function messageOf(tx: Tx, incident: Incident, reason: string): Promise<JsonObject> {
  const alerts = await tx.alertsOf(incident.id)
  const attempts = await tx.attemptsOf(incident.id)
  return {
    incident: incident.id,
    playbook: incident.playbook,
    target: incident.target,
    reason,
    temporaryEffect: attempts.find(({ inForce }) => inForce)?.plan.summary ?? null,
    illSince: new Date(incident.illSince).toISOString(),
    ...toldAlerts(firingFirst(alerts)),
    attempts: attempts
      .slice(-attemptsToldMax)
      .map(({ action, outcome, effect, effectDetail, plan, checks, reverts }) => ({
        action,
        takesBack: reverts !== null,
        outcome,
        effect,
        detail: effectDetail,
        plan: plan.summary,
        evidence: plan.evidence,
        checks: checks.map(({ check, passed, detail }) => ({ check, passed, detail })),
      })),
  }
}
