import type { Attempt, Outcome } from '../../domain/attempt.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook, Route } from '../../domain/playbook.ts'
import { demoteWhatFails } from '../ladder/demotion.ts'
import { orderOf, placeOf } from '../ladder/ladder.ts'
import { rememberTrial } from '../ladder/remember-trial.ts'
import type { NewId, Tx } from '../ports.ts'
import { mayStartAgain } from './new-attempt.ts'

/** How long after an attempt that could not begin in time the next may be made; `maxWait` bounds them all. */
const calledOffPauseMs = 2_000

export interface Concluding {
  readonly incident: Incident
  readonly attempt: Attempt
  readonly playbook: Playbook | null
}

interface Ending {
  readonly outcome: Outcome
  readonly reason: string
  readonly now: number
}

/** Ends an attempt and lets whoever waited for its target look again. The incident is the caller's to save. */
export async function endAttempt(
  tx: Tx,
  { incident, attempt }: Concluding,
  { outcome, reason, now }: Ending,
): Promise<void> {
  await tx.saveAttempt({ ...attempt, phase: 'concluded', outcome, concludedAt: now })
  await tx.append([
    {
      type: 'attempt.concluded',
      at: now,
      actor: 'engine',
      incident: incident.id,
      attempt: attempt.id,
      playbook: attempt.playbook,
      target: attempt.target,
      body: {
        action: attempt.action,
        outcome,
        step: attempt.step,
        reason,
        ...(attempt.reverts !== null && { reverts: attempt.reverts }),
      },
    },
  ])
  await rememberTrial(tx, incident, attempt, { outcome, now })
  await wakeTarget(tx, incident, now)
}

/** Ends an attempt that did not heal and writes where its outcome leads. */
export async function concludeUnhealed(
  tx: Tx,
  concluding: Concluding,
  {
    newId,
    announce,
    ...ending
  }: Ending & {
    readonly outcome: 'ineffective' | 'failed' | 'unknown' | 'cancelled'
    readonly newId: NewId
    /** Channels that are told what no escalation of the playbook names. */
    readonly announce: readonly string[]
  },
): Promise<void> {
  await endAttempt(tx, concluding, ending)
  const { incident, attempt, playbook } = concluding
  const { outcome, reason, now } = ending
  if (outcome === 'ineffective' || outcome === 'failed') {
    await demoteWhatFails(tx, attempt, playbook, { now, newId, announce })
  }
  const place = placeOf(incident, playbook, attempt.step)
  // A temporary effect that did not help is taken back before the next step.
  const state = attempt.inForce ? 'holding' : 'open'
  const open: Incident = { ...incident, state, holdUntil: null, updatedAt: now, dueAt: now }
  if (outcome === 'cancelled') {
    const touched = await wasTouched(tx, incident)
    const blockedSince = incident.blockedSince ?? attempt.intendedAt
    await tx.saveIncident({ ...open, step: place, touched, blockedSince, dueAt: now + calledOffPauseMs })
    return
  }
  if (outcome === 'unknown' && mayStartAgain(attempt, await tx.attemptsOf(incident.id))) {
    await tx.saveIncident({ ...open, step: place })
    return
  }
  const ladder = playbook === null ? [] : orderOf(incident, playbook).map((index) => playbook.steps[index])
  const escalation = ladder.findIndex((step, index) => index > place && step?.kind === 'escalate')
  const route = routeOf(playbook, attempt.step, outcome)
  if (outcome === 'unknown' && route === 'escalate') {
    const step = ladder[escalation]
    const channel = step?.kind === 'escalate' ? step.channel : null
    // An unknown outcome is shown to a human even when the alert has cleared meanwhile.
    await tx.saveIncident({ ...open, step: ladder.length, owed: { channel, reason } })
    return
  }
  if (route === 'next') await tx.saveIncident(open)
  else await tx.saveIncident({ ...open, step: route === 'escalate' && escalation !== -1 ? escalation : ladder.length })
}

function routeOf(playbook: Playbook | null, index: number, outcome: 'ineffective' | 'failed' | 'unknown'): Route {
  const step = playbook?.steps[index]
  if (step?.kind === 'action') return step.on[outcome]
  return outcome === 'unknown' ? 'escalate' : 'stop'
}

/** Whether any effect of this illness began, or may have: an attempt that was called off before it began does not count. */
async function wasTouched(tx: Tx, incident: Incident): Promise<boolean> {
  const attempts = await tx.attemptsOf(incident.id)
  return attempts.some(({ effect, intendedAt }) => effect !== 'not_started' && intendedAt >= incident.acceptedAt)
}

/** States in which an incident may wait for its target: for a step, or to take a temporary effect back. */
const waitingStates = ['open', 'waiting', 'awaiting_approval', 'holding', 'handed_over'] as const

async function wakeTarget(tx: Tx, { id, target }: Incident, now: number): Promise<void> {
  const waiting = await tx.incidents({ target, states: waitingStates, limit: 100 })
  for (const other of waiting) {
    if (other.id !== id) await tx.saveIncident({ ...other, dueAt: now, updatedAt: now })
  }
}
