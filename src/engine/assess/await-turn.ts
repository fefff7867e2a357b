import type { Effects } from '../act/act.ts'
import type { Assessment } from '../facts/assessment.ts'
import { gates } from '../gates/evaluate.ts'
import type { StoredFacts } from '../gates/gate.ts'
import type { Clock, Store } from '../ports.ts'
import { pausingGates } from '../turns/waking.ts'
import { factsOf } from './gather.ts'

interface TurnPorts {
  readonly store: Store
  readonly clock: Clock
  readonly effects: Effects
}

/** Whether what it waited for has ended, so that many others may be as free at this moment. */
export function isFree(assessment: Assessment, stored: StoredFacts, now: number): boolean {
  const held = assessment.incident.waiting?.gate
  const gate = gates.find(({ name }) => name === held && pausingGates.has(name))
  return gate !== undefined && gate.decide(factsOf(assessment, stored, now)).result !== 'block'
}

const turnWords = 'what held it is over: those that waited start one after another'

/** Resolves to whether it has to wait for its turn. It then goes through all gates again. */
export async function awaitTurn(
  { incident, playbook }: Assessment,
  { store, clock, effects }: TurnPorts,
): Promise<boolean> {
  const now = clock.now()
  const booked = incident.waiting?.reason === turnWords
  const at = effects.pace.turn({ priority: playbook.priority, booked }, now)
  if (at <= now) return false
  const giveUpAt = incident.blockedSince === null ? Infinity : incident.blockedSince + playbook.limits.maxWaitMs
  const waiting = {
    gate: incident.waiting?.gate ?? '',
    reason: turnWords,
    until: at,
    unblock: 'nothing: its turn comes',
  }
  await store.transaction('postpone', (tx) =>
    tx.saveIncident({ ...incident, waiting, dueAt: Math.max(now + 1, Math.min(at, giveUpAt)), updatedAt: now }),
  )
  return true
}
