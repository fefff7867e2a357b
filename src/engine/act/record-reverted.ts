import { carries, firesSince } from '../facts/temporary.ts'
import type { EffectResult, Tx } from '../ports.ts'
import { alertsOfIllness } from '../prove/present-illness.ts'
import { type Concluding, endAttempt } from './conclude.ts'

/**
 * Writes down how a revert ended. What is not known to be taken back stays in force and is tried again: by contract that does no
 * harm. Resolves to whether the target is to be looked at without the effect.
 */
export async function recordReverted(
  tx: Tx,
  subject: Concluding,
  result: EffectResult,
  now: number,
): Promise<'verify' | 'concluded'> {
  const { incident, attempt } = subject
  const effect = attempt.reverts === null ? null : await tx.attempt(attempt.reverts)
  if (effect === null) throw new Error(`attempt ${attempt.id} takes nothing back`)
  const human = incident.handedOverAt !== null
  if (result.kind !== 'done') {
    const outcome = ({ failed: 'failed', unknown: 'unknown', not_started: 'cancelled' } as const)[result.kind]
    await endAttempt(tx, subject, { outcome, reason: result.reason, now })
    await tx.saveIncident({ ...incident, state: human ? 'handed_over' : 'holding', updatedAt: now, dueAt: now })
    return 'concluded'
  }
  await tx.release(effect.id)
  const alerts = await alertsOfIllness(tx, incident)
  if (!human && carries(incident, effect, alerts)) return 'verify'
  // It healed for a moment only, also while it was in force.
  if (firesSince(effect.concludedAt, alerts)) await tx.relapse(incident)
  await endAttempt(tx, subject, { outcome: 'unverified', reason: 'taken back, with nothing to prove', now })
  const state = human ? 'handed_over' : 'open'
  await tx.saveIncident({ ...incident, state, holdUntil: null, updatedAt: now, dueAt: now })
  return 'concluded'
}
