import type { Approval } from '../../domain/approval.ts'
import type { Attempt } from '../../domain/attempt.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { GateReport, Verdict } from '../../domain/gate.ts'
import type { Incident, Waiting } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Assessment } from '../facts/assessment.ts'
import type { GateFacts } from '../gates/gate.ts'

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
    step: assessment.stepIndex,
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

export function wouldRunEvent(assessment: Assessment, facts: GateFacts): NewAuditEvent {
  const summary = facts.plan?.kind === 'planned' ? facts.plan.plan.summary : ''
  const { step } = assessment
  return {
    type: 'incident.would_run',
    at: facts.now,
    ...about(assessment),
    body: { action: step.action, step: assessment.stepIndex, planDigest: planDigestOf(facts), summary },
  }
}

/** `approval` is what people agreed to, where they were asked. */
export function intendedEvent(attempt: Attempt, approval: Approval | null = null): NewAuditEvent {
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
      ...(attempt.before !== null && { before: attempt.before.map((check) => ({ ...check })) }),
      ...(holdMs !== null && { holdMs }),
      ...(reverts !== null && { reverts }),
      ...(approval !== null && {
        approval: approval.id,
        approvedBy: approval.endorsements.map(({ by }) => by),
      }),
    },
  }
}
