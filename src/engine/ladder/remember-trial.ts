import type { Attempt, Outcome } from '../../domain/attempt.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Tx } from '../ports.ts'
import { classOf } from './track-record.ts'

/** Keeps how an attempt ended, in the commit that ends it. What never began, and what takes an effect back, is no trial. */
export async function rememberTrial(
  tx: Tx,
  { playbookRevision }: Incident,
  attempt: Attempt,
  { outcome, now }: { readonly outcome: Outcome; readonly now: number },
): Promise<void> {
  if (outcome === 'cancelled' || attempt.reverts !== null) return
  const { playbook, stepKey, action, target, incident, intendedAt, before } = attempt
  await tx.addTrial({
    playbook,
    revision: playbookRevision,
    step: stepKey,
    action,
    targetClass: classOf(target),
    target,
    incident,
    outcome,
    at: now,
    tookMs: Math.max(0, now - intendedAt),
    relapsed: false,
    wellBefore: before === null ? null : before.every(({ passed }) => passed),
  })
}

/** Keeps that a target recovered before anything was tried: what an action has to be better than. */
export async function rememberRecovery(tx: Tx, incident: Incident, now: number): Promise<void> {
  const { id, playbook, playbookRevision, target, illSince, manual } = incident
  if (manual !== null) return
  await tx.addTrial({
    playbook,
    revision: playbookRevision,
    step: '',
    action: '',
    targetClass: classOf(target),
    target,
    incident: id,
    outcome: 'self_recovered',
    at: now,
    tookMs: Math.max(0, now - illSince),
    relapsed: false,
    wellBefore: null,
  })
}
