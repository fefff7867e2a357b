import type { AlertRecord } from '../../domain/alert.ts'
import type { PolicyAnswer, PolicyRef } from '../../domain/approval.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Assessment } from '../facts/assessment.ts'
import type { GateFacts } from '../gates/gate.ts'
import { modeOf } from '../gates/mode.ts'
import type { AskPolicy } from './approval-ports.ts'

const alertsMax = 20

/** Asks the playbook's external policy about the plan as it is now; `null` where there is none to ask. Has no effect. */
export async function askPolicyOf(
  assessment: Assessment,
  facts: GateFacts,
  { askPolicy }: { readonly askPolicy: AskPolicy },
): Promise<PolicyAnswer | null> {
  const { policy } = assessment.playbook.approval
  const { plan } = facts
  if (policy === null || modeOf(facts) === 'observe' || plan?.kind !== 'planned') return null
  const { decision, reason } = await askPolicy(policy, inputOf(assessment, facts))
  return { planDigest: plan.digest, policy: nameOf(policy), decision, reason }
}

/** The place of a URL is enough: its path may hold a secret. */
function nameOf(policy: PolicyRef): string {
  return policy.kind === 'named' ? policy.name : new URL(policy.url).host
}

/** What a policy decides on. Its keys are documented: policies are written against them. */
function inputOf({ incident, playbook, step, stepIndex, policy }: Assessment, facts: GateFacts): JsonObject {
  const planned = facts.plan?.kind === 'planned' ? facts.plan : null
  if (planned === null) return {}
  const { data: _, touches = [], changed, ...plan } = planned.plan
  return {
    version: 1,
    mode: modeOf(facts),
    policyRevision: policy.revision,
    incident: {
      id: incident.id,
      target: incident.target,
      illSince: new Date(incident.illSince).toISOString(),
      attempts: incident.attempts,
      reopenings: incident.reopenings,
    },
    playbook: { name: playbook.name, revision: playbook.revision, priority: playbook.priority },
    step: { index: stepIndex, action: step.action },
    plan: { ...plan, touches: [...touches], digest: planned.digest, ...(changed && { changed: { ...changed } }) },
    alerts: facts.stored.alerts.filter(isFiring).slice(0, alertsMax).map(alertOf),
  }
}

function isFiring({ status }: AlertRecord): boolean {
  return status === 'firing'
}

function alertOf({ fingerprint, source, labels, annotations }: AlertRecord): JsonObject {
  return { fingerprint, source, labels: { ...labels }, annotations: { ...annotations } }
}
