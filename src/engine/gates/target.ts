import { block, type Gate, pass } from './gate.ts'

const lookAgainMs = 5_000

/** The action's plan resolved exactly one live, permitted object and pinned it. */
export const target: Gate = {
  name: 'target',
  needs: 'plan',
  decide({ plan, now, incident }) {
    const facts = { target: incident.target }
    if (plan === undefined || plan.kind === 'failed') {
      return block(`the target could not be looked at: ${plan?.reason ?? 'no plan was made'}`, {
        until: now + 2 * lookAgainMs,
        unblock: 'make the target’s host answer: Hepar looks again by itself',
        facts,
      })
    }
    if (plan.kind === 'planned') return pass(plan.plan.summary, { ...facts, pin: plan.plan.pin })
    return block(plan.reason, {
      until: plan.final ? null : now + lookAgainMs,
      unblock: plan.final
        ? 'permit the target, or correct what the reason names, and reload: Hepar then looks again'
        : 'Hepar looks again by itself',
      facts: { ...facts, evidence: plan.evidence },
      final: plan.final,
    })
  },
}
