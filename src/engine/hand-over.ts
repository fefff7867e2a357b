import type { Incident } from '../domain/incident.ts'
import type { JsonObject } from '../domain/json.ts'
import { endAsk } from './asking.ts'
import { tell } from './notices.ts'
import type { NewId, Tx } from './ports.ts'

/** Gives an incident to a human, once per illness; the message leaves through the outbox, in the same commit. */
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
  const saved = await tx.saveIncident({
    ...incident,
    state: 'handed_over',
    reason,
    handedOverAt: now,
    human: true,
    waiting: null,
    blockedSince: null,
    holdUntil: null,
    updatedAt: now,
    dueAt,
  })
  const attempts = await tx.attemptsOf(incident.id)
  const notice = {
    event: 'incident.handed_over',
    // The version makes each hand-over one message, and a repeated transaction none.
    dedupeKey: `handed_over:${incident.id}:${incident.version}`,
    incident: incident.id,
    channels: channel === null ? [] : [channel],
    body: await messageOf(tx, saved, reason),
  } as const
  await tell(tx, notice, { now, newId })
  await tx.append([
    {
      type: 'incident.handed_over',
      at: now,
      actor: 'engine',
      incident: incident.id,
      playbook: incident.playbook,
      target: incident.target,
      body: { reason, channel, attempts: attempts.length },
    },
  ])
  return saved
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
    alerts: alerts.map(({ fingerprint, status, labels, annotations }) => ({
      fingerprint,
      status,
      labels: { ...labels },
      annotations: { ...annotations },
    })),
    attempts: attempts.map(({ action, outcome, effect, effectDetail, plan, checks, reverts }) => ({
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
