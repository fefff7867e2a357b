import type { Outcome } from '../../domain/attempt.ts'
import { defaultHoldMs } from '../facts/temporary.ts'
import type { Tx } from '../ports.ts'
import { type Concluding, endAttempt } from './conclude.ts'

/** The target is well under a temporary effect: it stays for its time. Only what is well without it can end. */
export async function hold(
  tx: Tx,
  subject: Concluding,
  ending: { readonly outcome: Outcome; readonly reason: string; readonly now: number },
): Promise<void> {
  const { incident, attempt } = subject
  const { reason, now } = ending
  const until = now + (attempt.holdMs ?? defaultHoldMs)
  await endAttempt(tx, subject, ending)
  await tx.saveIncident({ ...incident, state: 'holding', holdUntil: until, updatedAt: now, dueAt: now })
  await tx.append([
    {
      type: 'incident.holding',
      at: now,
      actor: 'engine',
      incident: incident.id,
      attempt: attempt.id,
      playbook: attempt.playbook,
      target: attempt.target,
      body: { action: attempt.action, until, reason },
    },
  ])
}
