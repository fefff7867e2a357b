import type { Attempt } from '../domain/attempt.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import type { GateReport, Verdict } from '../domain/gate.ts'
import type { Incident, Waiting } from '../domain/incident.ts'
import type { JsonObject } from '../domain/json.ts'
import type { GateFacts } from './gates/gate.ts'
import type { Assessment } from './gather.ts'

function planDigestOf({ plan }: GateFacts): string | null {
  return plan?.kind === 'planned' ? plan.digest : null
}

function about(assessment: Assessment) {
  const { incident, playbook } = assessment
  return { actor: 'engine', incident: incident.id, playbook: playbook.name, target: incident.target } as const
}

export function assessedEvent(assessment: Assessment, facts: GateFacts, { verdict, gates }: Verdict): NewAuditEvent {
  const body: JsonObject = {
    verdict,
    gates: gates.map((report) => ({ ...report })),
    planDigest: planDigestOf(facts),
    step: assessment.incident.step,
    action: assessment.step.action,
    policyRevision: assessment.policy.revision,
  }
  return { type: 'incident.assessed', at: facts.now, ...about(assessment), body }
}

export function waitingEvent(incident: Incident, blockedBy: GateReport, now: number): NewAuditEvent {
  const { gate, reason, facts } = blockedBy
  const until = blockedBy.result === 'block' ? blockedBy.until : null
  const unblock = blockedBy.result === 'block' ? blockedBy.unblock : ''
  const { id, playbook, target } = incident
  return {
    type: 'incident.waiting',
    at: now,
    actor: 'engine',
    incident: id,
    playbook,
    target,
    body: { gate, reason, until, unblock, facts },
  }
}

/** Something else than an assessment makes it wait. */
export function heldBackEvent({ id, playbook, target }: Incident, waiting: Waiting, now: number): NewAuditEvent {
  const { gate, reason, until, unblock } = waiting
  const body = { gate, reason, until, unblock, facts: {} }
  return { type: 'incident.waiting', at: now, actor: 'engine', incident: id, playbook, target, body }
}

export function restingEvent(assessment: Assessment, facts: GateFacts, verdict: Verdict['verdict']): NewAuditEvent {
  const summary = facts.plan?.kind === 'planned' ? facts.plan.plan.summary : ''
  const { incident, step } = assessment
  return {
    type: verdict === 'ask' ? 'incident.asked' : 'incident.would_run',
    at: facts.now,
    ...about(assessment),
    body: { action: step.action, step: incident.step, planDigest: planDigestOf(facts), summary },
  }
}

export function intendedEvent(attempt: Attempt): NewAuditEvent {
  const { id, incident, playbook, target, action, step, planDigest, idempotencyKey, fence, runner, deadlineAt } =
    attempt
  const { holdMs, reverts } = attempt
  return {
    type: 'attempt.intended',
    at: attempt.intendedAt,
    actor: 'engine',
    incident,
    attempt: id,
    playbook,
    target,
    body: {
      action,
      step,
      planDigest,
      idempotencyKey,
      fence,
      runner: { ...runner },
      deadlineAt,
      plan: attempt.plan.summary,
      ...(attempt.plan.touches && { touches: [...attempt.plan.touches] }),
      // A revert is planned together with the effect that it takes back.
      ...(reverts === null && { evidence: attempt.plan.evidence }),
      ...(holdMs !== null && { holdMs }),
      ...(reverts !== null && { reverts }),
    },
  }
}
