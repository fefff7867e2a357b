import type { AlertRecord } from '../../domain/alert.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { NewId, Tx } from '../ports.ts'
import { attachAlerts } from './attach.ts'
import type { Decided } from './decide-parsed.ts'

/**
 * What follows from decisions: incidents opened, joined or told that an alert is over. Takes the decisions of any number
 * of deliveries; resolves to the events of each.
 */
export async function follow(
  tx: Tx,
  deliveries: readonly (readonly Decided[])[],
  { now, newId }: { readonly now: number; readonly newId: NewId },
): Promise<readonly (readonly NewAuditEvent[])[]> {
  const fresh = deliveries.map((decided) => decided.filter(({ decision }) => decision.decision !== 'duplicate'))
  const arrivals = fresh.map((decided) =>
    decided.flatMap(({ record, routing }) =>
      record === null ? [] : (routing?.destinations ?? []).map((destination) => ({ destination, record })),
    ),
  )
  const events = await attachAlerts(tx, arrivals.flat(), { now, newId })
  for (const { record } of fresh.flat()) if (record?.status === 'resolved') await lookAtIncidentsOf(tx, record, now)
  let from = 0
  return arrivals.map(({ length }) => {
    from += length
    return events.slice(from - length, from).flat()
  })
}

/** Makes the quiet incidents of an alert due at once; an effect or a verification looks by itself. */
export async function lookAtIncidentsOf(tx: Tx, record: AlertRecord, now: number): Promise<void> {
  for (const incident of await tx.openIncidentsOf(record.source, record.fingerprint)) {
    if (incident.state === 'acting' || incident.state === 'verifying') continue
    await tx.saveIncident({ ...incident, dueAt: now, updatedAt: now })
  }
}
