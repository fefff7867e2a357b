import type { Incident } from '../domain/incident.ts'
import type { Playbook } from '../domain/playbook.ts'
import type { Unwell } from './mass-ports.ts'
import type { Reads } from './ports.ts'

/** How many of a playbook's other targets are ill or under an effect; asked only where that is limited. */
export async function readUnwell(read: Reads, { target }: Incident, { name, limits }: Playbook): Promise<Unwell> {
  return limits.blastRadius === null ? { others: 0, some: [] } : read.unwellBesides(name, target)
}
