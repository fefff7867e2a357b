import type { Attempt } from '../../domain/attempt.ts'
import type { Incident } from '../../domain/incident.ts'
import { newRevert } from '../act/new-attempt.ts'
import type { Runner, Tx } from '../ports.ts'
import { askerOf, postpone } from '../turns/postpone.ts'
import type { AssessPorts } from './assess.ts'
import { intendedEvent } from './assess-events.ts'

/**
 * Takes a temporary effect back, as an attempt of its own. No gate holds it back, the stop switch neither: an effect that stays
 * beyond its time is what nobody decided. Only a store that was restored takes nothing back before an operator has looked.
 */
export async function revert(incident: Incident, effect: Attempt, ports: AssessPorts): Promise<void> {
  const { store, effects, policy } = ports
  if (effects.stopping()) return
  // Nothing is more urgent than an effect that stays beyond its time.
  const asker = {
    ...askerOf({ incident, policy: policy.current() }),
    priority: Number.POSITIVE_INFINITY,
    highest: true,
  }
  if (!effects.places.take(asker)) {
    return postpone({ incident }, effects.places.refusal(asker) ?? { taken: 0, before: 0 }, ports)
  }
  let runner: Runner | null = null
  let attempt: Attempt | null = null
  try {
    const action = policy.current().actions.find(({ name }) => name === effect.action)
    if (!action) throw new Error(`no plugin named "${effect.action}" is loaded`)
    const reserved = await ports.actions.reserve(action)
    runner = reserved
    attempt = await store.transaction('revert', (tx) => intend(tx, incident, effect, reserved, ports))
  } finally {
    if (attempt === null) {
      effects.places.leave()
      await runner?.discard()
    }
  }
  if (attempt && runner) effects.start(attempt, runner)
}

async function intend(
  tx: Tx,
  incident: Incident,
  effect: Attempt,
  runner: Runner,
  { clock, newId, effects }: AssessPorts,
): Promise<Attempt | null> {
  if (effects.stopping() || (await tx.pause())?.restored) return null
  const now = clock.now()
  const attempt = newRevert(effect, runner, { now, id: newId(now) })
  await tx.insertAttempt(attempt)
  await tx.saveIncident({ ...incident, state: 'acting', waiting: null, updatedAt: now, dueAt: attempt.deadlineAt })
  await tx.append([intendedEvent(attempt)])
  return attempt
}
