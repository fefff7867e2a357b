import type { AlertRecord } from '../../domain/alert.ts'
import type { Approval } from '../../domain/approval.ts'
import type { JsonObject } from '../../domain/json.ts'
import { toldAlerts } from '../tell/told-alerts.ts'

/** The page on which an ask is decided, or `null` where nobody said how Hepar is reached. */
export function approvalLink(externalUrl: string | null, { incident, planDigest }: Approval): string | null {
  if (externalUrl === null) return null
  return `${externalUrl}/approvals/${encodeURIComponent(incident)}?plan=${encodeURIComponent(planDigest)}`
}

/** What an ask is about, for people on any channel: times are RFC 3339, texts of labels are as they came. */
export function askedBody(
  approval: Approval,
  {
    reason,
    alerts,
    externalUrl,
  }: { readonly reason: string; readonly alerts: readonly AlertRecord[]; readonly externalUrl: string | null },
): JsonObject {
  const { id, incident, planDigest, plan, gates } = approval
  const command = `${incident} --plan ${planDigest} --ask ${id} --reason "…"`
  return {
    ...about(approval),
    reason,
    pin: plan.pin,
    params: plan.params,
    touches: [...(plan.touches ?? [])],
    evidence: plan.evidence,
    pastSuccess: approval.pastSuccess,
    blastRadius: blastRadiusOf(approval),
    gates: gates.map(({ gate, result, reason }) => ({ gate, result, reason })),
    needed: approval.needed,
    requestedBy: approval.requestedBy,
    expiresAt: new Date(approval.expiresAt).toISOString(),
    ...toldAlerts(alerts.filter(({ status }) => status === 'firing')),
    link: approvalLink(externalUrl, approval),
    commands: { approve: `hepar approve ${command}`, reject: `hepar reject ${command}` },
  }
}

/** `askedAnew`: the same people are asked the next moment, since what they were asked about has changed. */
export function decidedBody(approval: Approval, askedAnew = false): JsonObject {
  const { state, decidedBy, reason, decidedAt, endorsements } = approval
  return {
    ...about(approval),
    decision: state,
    by: decidedBy,
    approvedBy: endorsements.map(({ by }) => by),
    reason,
    decidedAt: decidedAt === null ? null : new Date(decidedAt).toISOString(),
    ...(askedAnew && { askedAnew }),
  }
}

function about({ id, incident, playbook, target, attempt, step, planDigest, plan }: Approval): JsonObject {
  return {
    incident,
    ask: id,
    playbook,
    target,
    attempt,
    step: step + 1,
    action: plan.action,
    plan: plan.summary,
    planDigest,
  }
}

/** What the gate of that name said, if there is one. */
export function blastRadiusOf({ gates }: Pick<Approval, 'gates'>): JsonObject | null {
  const report = gates.find(({ gate }) => gate === 'blast_radius')
  return report === undefined ? null : { result: report.result, reason: report.reason, ...report.facts }
}
