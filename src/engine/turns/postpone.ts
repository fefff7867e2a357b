import type { Waiting } from '../../domain/incident.ts'
import type { Assessment } from '../facts/assessment.ts'
import { isHighest, priorityOf } from '../match/priority.ts'
import type { Clock, Store } from '../ports.ts'
import type { Asker, NoPlace } from './places.ts'

/** How soon to look again when there is no place for an effect: the first in the line, each one after, and at the latest. */
const noPlaceMs = 500
const noPlaceEachMs = 20
const noPlaceMaxMs = 120_000
const noPlaceGate = 'places'

/** Waits for a place. Whoever is far from its turn is looked at less often; it is called when there is one. */
export async function postpone(
  { incident }: Pick<Assessment, 'incident'>,
  { taken, before }: NoPlace,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): Promise<void> {
  const now = clock.now()
  const dueAt = now + Math.min(noPlaceMs + before * noPlaceEachMs, noPlaceMaxMs)
  const waiting: Waiting = {
    gate: noPlaceGate,
    reason: `no place for another effect: ${taken} run, ${before} incidents come first`,
    until: null,
    unblock: 'wait for a place, or raise limits.effects',
  }
  // What a gate said of it stays said.
  const silent = incident.waiting !== null && incident.waiting.gate !== noPlaceGate
  await store.transaction('postpone', async (tx) => {
    await tx.saveIncident({
      ...incident,
      waiting: silent ? incident.waiting : waiting,
      blockedSince: incident.blockedSince ?? now,
      dueAt,
      updatedAt: now,
    })
  })
}

export function askerOf({ incident, policy }: Pick<Assessment, 'incident' | 'policy'>): Asker {
  const { id, playbook } = incident
  return { incident: id, playbook, priority: priorityOf(incident, policy), highest: isHighest(incident, policy) }
}
