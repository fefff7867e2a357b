import type { JsonObject } from '../domain/json.ts'
import type { Playbook } from '../domain/playbook.ts'
import type { ActionStep } from './gather.ts'
import type { Reads } from './ports.ts'

const incidentsMax = 200

/** How this playbook has fared before, for whoever is asked to approve it: of its newest 200 closed incidents. */
export async function pastSuccessOf(
  read: Pick<Reads, 'incidents'>,
  { playbook }: { readonly playbook: Playbook; readonly step: ActionStep; readonly target: string },
  _now: number,
): Promise<JsonObject | null> {
  const closed = await read.incidents({ playbook: playbook.name, states: ['closed'], limit: incidentsMax })
  const tried = closed.filter(({ attempts }) => attempts > 0)
  if (tried.length === 0) return null
  const healed = tried.filter(({ ending }) => ending === 'healed' || ending === 'mitigated').length
  return { incidents: tried.length, healed, share: healed / tried.length }
}
