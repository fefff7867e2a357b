import type { AlertRecord } from '../../domain/alert.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Limits } from '../../domain/config.ts'
import { formatDurationMs } from '../../domain/duration.ts'
import type { Incident } from '../../domain/incident.ts'
import { routeAlert, withRouting } from '../match/destinations.ts'
import type { Clock, NewId, OracleAnswer, PolicyHolder, Sources, Store, Tx } from '../ports.ts'
import { alertsOfIllness } from '../prove/present-illness.ts'
import { readCleared } from '../prove/prove.ts'
import { afterArrivals } from '../storm/watch-storm.ts'
import { attachAlerts } from './attach.ts'
import { lookAtIncidentsOf } from './follow.ts'

export interface ConfirmPorts {
  readonly newId: NewId
  readonly store: Store
  readonly clock: Clock
  readonly sources: Sources
  readonly policy: PolicyHolder
}

const askAgainMs = 10_000
/** Without Prometheus, an alert that no Alertmanager has known for this long counts as over. */
const absentForMs = 5 * 60_000

type AgeLimit = Pick<Limits, 'alertAgeMaxMs'>

/** What an oracle's answer changes about an alert: `null` when nothing. Pure. */
export function applyAnswer(
  record: AlertRecord,
  answer: OracleAnswer,
  now: number,
  limits: AgeLimit,
): { record: AlertRecord; reason: string } | null {
  if (record.status === 'firing') return applyToFiring(record, answer, now, limits)
  if (answer.kind === 'not_applicable') {
    // Silence is not a resolution: only a delivery that said so is taken at its word.
    if (record.resolvedConfirmed || record.resolvedBy !== 'delivery') return null
    return { record: { ...record, resolvedConfirmed: true }, reason: `resolved; ${answer.reason}` }
  }
  if (answer.kind !== 'answered') return null
  if (answer.firing) return applyRevival(record, answer, now)
  if (record.resolvedConfirmed) return null
  // Prometheus speaks only once it has evaluated the rule after the resolution; Alertmanager alone can only agree.
  const cleared = answer.rule === null || readCleared(answer, record.resolvedAt ?? 0).cleared
  return cleared
    ? { record: { ...record, resolvedConfirmed: true }, reason: 'the source confirms that it is over' }
    : null
}

/** A resolution that the source contradicts never was one: the firing goes on, in the same episode. */
function applyRevival(record: AlertRecord, answer: OracleAnswer & { kind: 'answered' }, now: number) {
  const evaluatedAt = answer.rule?.evaluatedAt
  if (evaluatedAt != null && evaluatedAt <= (record.resolvedAt ?? 0)) return null
  const revived: AlertRecord = {
    ...record,
    status: 'firing',
    resolvedAt: null,
    resolvedBy: null,
    resolvedConfirmed: false,
    lastSeenAt: now,
  }
  return { record: revived, reason: 'the source says that it still fires' }
}

function applyToFiring(record: AlertRecord, answer: OracleAnswer, now: number, { alertAgeMaxMs }: AgeLimit) {
  const resolved = (resolvedAt: number, resolvedConfirmed: boolean, reason: string) => ({
    record: {
      ...record,
      status: 'resolved',
      resolvedAt,
      resolvedBy: 'oracle',
      resolvedConfirmed,
    } satisfies AlertRecord,
    reason,
  })
  const silentForMs = now - record.lastSeenAt
  if (answer.kind === 'not_applicable' && silentForMs > alertAgeMaxMs) {
    return resolved(now, false, `not heard of for ${formatDurationMs(silentForMs)}; ${answer.reason}`)
  }
  if (answer.kind !== 'answered' || answer.firing) return null
  const cleared = readCleared(answer, record.lastSeenAt)
  if (cleared.cleared) return resolved(cleared.evaluatedAt, true, 'the source says that it is over')
  if (silentForMs < absentForMs) return null
  if (answer.rule === null) return resolved(now, true, 'no Alertmanager has known it for long enough')
  // A rule that is gone can never fire again, yet it proves nothing about the target.
  if (!answer.rule.loaded) return resolved(now, false, 'its rule is no longer loaded')
  return null
}

/** Asks the sources about every alert of an incident that says it is over, and writes down what they answer. */
export async function confirmIncident(incident: Incident, ports: ConfirmPorts): Promise<void> {
  const { store, clock } = ports
  await askAbout(await alertsOfIllness(store.read, incident), ports)
  await store.transaction('confirm', async (tx) => {
    const now = clock.now()
    const fresh = await tx.incident(incident.id)
    if (fresh === null || fresh.state === 'closed') return
    const over = (await alertsOfIllness(tx, fresh)).every(
      (alert) => alert.status === 'resolved' && alert.resolvedConfirmed,
    )
    const unconfirmedSince = over ? fresh.unconfirmedSince : (fresh.unconfirmedSince ?? now)
    const giveUpAt = (unconfirmedSince ?? now) + ports.policy.current().config.limits.confirmWithinMs
    await tx.saveIncident({
      ...fresh,
      unconfirmedSince,
      updatedAt: now,
      dueAt: over ? now : Math.min(now + askAgainMs, giveUpAt),
    })
  })
}

/** Asks the source of each alert and applies the answers. Returns how many alerts changed. */
export async function askAbout(alerts: readonly AlertRecord[], ports: ConfirmPorts): Promise<number> {
  const { store, clock, sources } = ports
  const answers = await Promise.all(alerts.map(async (alert) => ({ alert, answer: await sources.ask(alert) })))
  const { limits } = ports.policy.current().config
  const useful = answers.filter(({ alert, answer }) => applyAnswer(alert, answer, clock.now(), limits) !== null)
  if (useful.length === 0) return 0
  return store.transaction('source', async (tx) => {
    let changed = 0
    for (const { alert, answer } of useful) {
      if (await applyOne(tx, alert, answer, ports)) changed += 1
    }
    return changed
  })
}

async function applyOne(tx: Tx, asked: AlertRecord, answer: OracleAnswer, ports: ConfirmPorts): Promise<boolean> {
  const now = ports.clock.now()
  const [record] = await tx.alerts(asked.source, [asked.fingerprint])
  // What a delivery has changed since the question was put is newer than the answer.
  if (!record || record.status !== asked.status || record.resolvedAt !== asked.resolvedAt) return false
  const applied = applyAnswer(record, answer, now, ports.policy.current().config.limits)
  if (applied === null) return false
  if (applied.record.status === 'firing') {
    await revive(tx, applied.record, applied.reason, now, ports)
    return true
  }
  await tx.saveAlerts([applied.record])
  await lookAtIncidentsOf(tx, applied.record, now)
  await tx.append([changedEvent(applied.record, applied.reason, now)])
  return true
}

/** A revived alert is matched like a new one: its incident may have been closed meanwhile. */
async function revive(tx: Tx, record: AlertRecord, reason: string, now: number, ports: ConfirmPorts): Promise<void> {
  const { policy, newId } = ports
  const routing = await routeAlert(policy.current(), record, now)
  const routed = withRouting(record, routing, policy.current())
  await tx.saveAlerts([routed])
  await tx.append([changedEvent(routed, reason, now)])
  for (const destination of routing.destinations) {
    const events = (await attachAlerts(tx, [{ destination, record: routed }], { now, newId })).flat()
    await tx.append(events)
    await afterArrivals(tx, events, ports)
  }
}

export function changedEvent(record: AlertRecord, reason: string, now: number): NewAuditEvent {
  const { source, fingerprint, labels, episode, status, resolvedConfirmed, decision, playbooks } = record
  return {
    type: 'alert.changed',
    at: now,
    actor: 'engine',
    body: {
      source,
      fingerprint,
      alertname: labels.alertname ?? null,
      episode,
      status,
      confirmed: resolvedConfirmed,
      decision,
      playbooks,
      reason,
    },
  }
}
