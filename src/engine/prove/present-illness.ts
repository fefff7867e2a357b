import type { AlertRecord } from '../../domain/alert.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Reads } from '../ports.ts'

/** The alerts of the illness an incident is about now; what was over before Hepar accepted it is history. */
export async function alertsOfIllness(
  read: Pick<Reads, 'alertsOf'>,
  { id, acceptedAt }: Pick<Incident, 'id' | 'acceptedAt'>,
): Promise<readonly AlertRecord[]> {
  const all = await read.alertsOf(id)
  const present = all.filter(
    ({ status, lastSeenAt, resolvedAt }) => status === 'firing' || Math.max(lastSeenAt, resolvedAt ?? 0) >= acceptedAt,
  )
  // Nothing must ever count as cleared for want of an alert to ask about.
  return present.length > 0 ? present : all
}
