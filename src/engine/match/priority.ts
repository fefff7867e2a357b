import type { Incident } from '../../domain/incident.ts'
import type { Policy } from '../../domain/policy.ts'

type Who = Pick<Incident, 'playbook' | 'manual'>

/** Who gets a turn before whom: the priority of the playbook. A person who waits comes first, an unloaded playbook last. */
export function priorityOf({ playbook, manual }: Who, { playbooks }: Policy): number {
  if (manual || playbook === 'manual') return Number.POSITIVE_INFINITY
  return playbooks.find(({ name }) => name === playbook)?.priority ?? Number.NEGATIVE_INFINITY
}

/** The same for all incidents of one playbook, by its name. */
export function rankOf(playbook: string, policy: Policy): { readonly priority: number; readonly highest: boolean } {
  const who = { playbook, manual: null }
  return { priority: priorityOf(who, policy), highest: isHighest(who, policy) }
}

/** True when no loaded playbook comes before this one. */
export function isHighest(who: Who, policy: Policy): boolean {
  // They stand in the order of their priorities; one that only observes needs nothing kept for it.
  const first = policy.playbooks.find(({ mode }) => mode !== 'observe')
  return priorityOf(who, policy) >= (first?.priority ?? Number.NEGATIVE_INFINITY)
}
