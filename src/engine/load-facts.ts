import { type Attempt, objectsOf } from '../domain/attempt.ts'
import type { Incident } from '../domain/incident.ts'
import type { Playbook } from '../domain/playbook.ts'
import { type Policy, playbookOf } from '../domain/policy.ts'
import { choiceFor } from './ladder/choose-ladder.ts'
import { renderTarget } from './match/render.ts'
import type { EffectInForce, Facts } from './next.ts'
import type { Reads } from './ports.ts'
import { alertsOfIllness } from './prove/present-illness.ts'

/** One snapshot of everything `next` decides on; `null` when there is no such incident. */
export async function loadFacts(
  read: Reads,
  id: string,
  policy: Policy,
  isRunning: (attempt: string) => boolean,
  now: number,
): Promise<Facts | null> {
  const incident = await read.incident(id)
  if (incident === null) return null
  const playbook = playbookOf(incident, policy)
  const alerts = await alertsOfIllness(read, incident)
  const attempts = await read.attemptsOf(id)
  const attempt = attempts.find(({ phase }) => phase !== 'concluded') ?? null
  const quiet = attempt === null && incident.state !== 'closed' && incident.state !== 'handed_over'
  return {
    incident,
    playbook,
    choice: quiet && playbook !== null ? await choiceFor(read, incident, playbook, policy, now) : null,
    ceiling: policy.config.mode,
    policyRevision: policy.revision,
    alerts,
    stillMatched: incident.manual !== null || (playbook !== null && leadsTo(incident, playbook, alerts, policy)),
    attempt,
    effect: await effectOf(attempts, read, policy),
    pausing: { pauses: await read.pauses(), windows: policy.config.maintenance },
    approval: attempt === null ? await read.liveApproval(id) : null,
    restored: (await read.pause())?.restored !== undefined,
    running: attempt !== null && isRunning(attempt.id),
    limits: policy.config.limits,
  }
}

async function effectOf(attempts: readonly Attempt[], read: Reads, policy: Policy): Promise<EffectInForce | null> {
  const attempt = attempts.find(({ inForce, phase }) => inForce && phase === 'concluded')
  if (attempt === undefined) return null
  const reverts = attempts.filter(({ reverts }) => reverts === attempt.id)
  return {
    attempt,
    tries: reverts.length,
    triedAt: reverts.at(-1)?.concludedAt ?? null,
    held: (await read.holder(objectsOf(attempt.plan))) !== null,
    loaded: policy.actions.some(({ name, hasRevert }) => name === attempt.action && hasRevert),
  }
}

function leadsTo(incident: Incident, playbook: Playbook, alerts: Facts['alerts'], policy: Policy): boolean {
  return alerts.some((alert) => {
    if (alert.status !== 'firing' || !alert.playbooks.includes(playbook.name)) return false
    const rendered = renderTarget(playbook, alert, policy.config)
    return rendered.ok && rendered.target === incident.target
  })
}
