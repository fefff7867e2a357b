import type { Incident } from '../../domain/incident.ts'
import { type LeavesAlone, type LeftAlone, leftAloneMaxMs } from '../../domain/left-alone.ts'
import type { NewId, Tx } from '../ports.ts'
import { handOver, leaveWithPerson } from './hand-over.ts'

interface Leaving {
  readonly incident: Incident
  readonly channel: string | null
  readonly reason: string
  readonly leaves: LeavesAlone
  readonly now: number
  readonly dueAt: number
  readonly newId: NewId
}

/**
 * Starts nothing more on these targets for a while and tells a person, once: a relapse meanwhile only makes the while longer, a day
 * at most.
 */
export async function leaveAlone(
  tx: Tx,
  { incident, channel, reason, leaves, now, dueAt, newId }: Leaving,
): Promise<void> {
  const known = (await tx.leftAlone(incident.target)).find(({ why, until }) => why === leaves.why && until > now)
  if (known !== undefined) {
    const left = { ...known, until: longer(known, now + leaves.windowMs) }
    await tx.leaveAlone(left)
    await leaveWithPerson(tx, incident, { reason, told: known.incident, until: left.until, now, dueAt })
    return
  }
  const until = now + leaves.windowMs
  for (const target of leaves.targets) {
    await tx.leaveAlone({ target, why: leaves.why, reason, since: now, until, incident: incident.id })
  }
  await handOver(tx, incident, { channel, reason, now, newId, dueAt })
}

function longer({ since, until }: LeftAlone, wanted: number): number {
  return Math.max(until, Math.min(wanted, since + leftAloneMaxMs))
}
