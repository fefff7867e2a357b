import type { Incident } from '../../domain/incident.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { Reads } from '../ports.ts'
import type { Unwell } from '../storm/mass-ports.ts'

/** How many other targets of a playbook's fleet are ill or under an effect; asked only where that is limited. */
export async function readUnwell(
  read: Reads,
  { target }: Incident,
  playbook: Playbook,
  playbooks: readonly Playbook[],
): Promise<Unwell> {
  return playbook.limits.blastRadius === null
    ? { others: 0, some: [] }
    : read.unwellBesides(fleetOf(playbook, playbooks), target)
}

/** Names of the playbooks whose targets are of one fleet: of those that count it by the same query, each would allow itself a share of its own. */
export function fleetOf({ name, limits }: Playbook, playbooks: readonly Playbook[]): readonly string[] {
  const of = limits.blastRadius?.of ?? null
  const others = playbooks.filter((other) => of !== null && other.limits.blastRadius?.of === of)
  return [...new Set([name, ...others.map((other) => other.name)])]
}
