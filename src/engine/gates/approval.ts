import { type ApprovalNeed, whyVoid } from '../../domain/approval.ts'
import type { GateDecision } from '../../domain/gate.ts'
import type { JsonObject } from '../../domain/json.ts'
import { lowerMode } from '../../domain/playbook.ts'
import { isDemoted } from '../../domain/trial.ts'
import { block, type Gate, type GateFacts, notApplicable, pass } from './gate.ts'
import { modeOf } from './mode.ts'

const askPolicyAgainMs = 30_000

/** Who must say yes before the effect: nobody, or so many people; or why nobody can. */
export type Demand =
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'people'; readonly needed: number; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string }

/** What mode, `fourEyes` and the external policy ask for together. Pure. */
export function demandOf(facts: GateFacts): Demand {
  const { incident, playbook, fourEyes, plan, policy } = facts
  const inForce = modeOf(facts)
  if (inForce === 'observe') return { kind: 'none', reason: 'nothing is asked while only observed' }
  const digest = plan?.kind === 'planned' ? plan.digest : null
  if (playbook.approval.policy !== null) {
    if (!policy) return { kind: 'denied', reason: 'the policy was not asked' }
    if (policy.planDigest !== digest) return { kind: 'denied', reason: 'the policy was asked about another plan' }
    if (policy.decision === 'deny') return { kind: 'denied', reason: `the policy denies it: ${policy.reason}` }
  }
  const said = playbook.approval.policy === null ? null : (policy?.decision ?? null)
  if (inForce === 'auto') {
    if (said !== 'ask') return { kind: 'none', reason: said === null ? 'mode is auto' : 'the policy allows it' }
    return { kind: 'people', needed: fourEyes ? 2 : 1, reason: 'the policy asks for a person' }
  }
  if (incident.manual) {
    if (!fourEyes) return { kind: 'none', reason: `asked for by ${incident.manual.by}` }
    return { kind: 'people', needed: 1, reason: 'four eyes: somebody else than who asked must approve' }
  }
  // What keeps failing wants a person: the policy allowed it before, too.
  if (said === 'allow' && !fourEyes && !isLowered(facts)) return { kind: 'none', reason: 'the policy allows it' }
  return { kind: 'people', needed: fourEyes ? 2 : 1, reason: whyAsked(facts) }
}

function whyAsked(facts: GateFacts): string {
  return isLowered(facts)
    ? `the playbook is demoted to approve, a person decides: ${facts.stored.demotion?.reason}`
    : 'mode is approve: a person decides'
}

/** Whether it is a demotion that made `approve` of `auto`. */
function isLowered({ ceiling, playbook, stored: { demotion } }: GateFacts): boolean {
  return lowerMode(ceiling, playbook.mode) === 'auto' && isDemoted(demotion, playbook)
}

/** What an approval must be bound to now. */
export function needOf(facts: GateFacts, demand: Demand): ApprovalNeed {
  const { incident, playbook, stepIndex, plan } = facts
  return {
    attempt: incident.attempts + 1,
    step: stepIndex,
    target: incident.target,
    playbookRevision: playbook.revision,
    planDigest: plan?.kind === 'planned' ? plan.digest : null,
    needed: demand.kind === 'people' ? demand.needed : 1,
  }
}

/** The last word: people, or the policy in their place, have agreed to exactly this plan for exactly this attempt. */
export const approval: Gate = {
  name: 'approval',
  needs: 'policy',
  decide(facts) {
    if (modeOf(facts) === 'observe') return notApplicable('nothing is asked while only observed')
    const demand = demandOf(facts)
    const about: JsonObject = facts.policy ? { policy: { ...facts.policy } } : {}
    if (demand.kind === 'none') return pass(demand.reason, about)
    if (demand.kind === 'people') return decideByPeople(facts, demand, about)
    return block(demand.reason, {
      until: facts.now + askPolicyAgainMs,
      unblock: 'change the policy, or what it decides on: it is asked again by itself',
      facts: about,
    })
  },
}

function decideByPeople(
  facts: GateFacts,
  demand: Extract<Demand, { kind: 'people' }>,
  about: JsonObject,
): GateDecision {
  const { now, incident } = facts
  const stored = facts.stored.approval
  const why = stored === null ? null : whyVoid(stored, needOf(facts, demand), now)
  const fits = stored !== null && why === null && stored.expiresAt > now
  const names = fits ? stored.endorsements.map(({ by }) => by) : []
  const said: JsonObject = {
    ...about,
    needed: demand.needed,
    approvedBy: names,
    ...(fits && { ask: stored.id, expiresAt: stored.expiresAt }),
  }
  if (fits && stored.state === 'approved') return pass(`approved by ${names.join(' and ')}`, said)
  return block(names.length === 0 ? demand.reason : `approved by ${names.join(' and ')}: one more person is needed`, {
    until: fits ? stored.expiresAt : null,
    unblock: `hepar approve ${incident.id} or hepar reject ${incident.id}`,
    facts: why === null ? said : { ...said, before: why },
    asks: true,
  })
}
