import type { Incident } from '../../domain/incident.ts'
import type { Clock, Store, Tx } from '../ports.ts'

/** Incidents of one commit: thousands may wait, and nobody else may wait for them. */
const pageMax = 100

/**
 * Makes incidents due, a bounded number per commit: `page` gives those after the one with this id, as many as asked for; `seen` says what
 * becomes of each, `null` for nothing.
 */
export async function lookAgain(
  { store, clock }: { readonly store: Pick<Store, 'transaction'>; readonly clock: Clock },
  page: (tx: Tx, after: string | undefined, limit: number) => Promise<readonly Incident[]>,
  seen: (incident: Incident, now: number) => Incident | null = (incident) => incident,
): Promise<number> {
  let after: string | undefined
  let woken = 0
  for (;;) {
    const incidents = await store.transaction('wake', async (tx) => {
      const found = await page(tx, after, pageMax)
      const now = clock.now()
      for (const incident of found) {
        const next = seen(incident, now)
        if (next === null || (next === incident && (incident.dueAt ?? 0) <= now)) continue
        await tx.saveIncident({ ...next, dueAt: now, updatedAt: now })
        woken += 1
      }
      return found
    })
    if (incidents.length < pageMax) return woken
    after = incidents.at(-1)?.id
  }
}
