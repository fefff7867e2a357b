import type { BlastRadius } from '../../domain/playbook.ts'
import { block, type Gate, type GateFacts, notApplicable, pass } from './gate.ts'

const askAgainMs = 30_000

/** What of the fleet may be ill, in targets, or why that cannot be said. */
type Allowed =
  | { readonly ok: true; readonly max: number; readonly bound: string; readonly total: number | null }
  | { readonly ok: false; readonly reason: string }

/**
 * No more of the playbook's fleet are ill than its blast radius allows, the one about to be acted on among them. Ill are those
 * with an open incident, and whatever is under an effect: when more are, it is no fault of single targets.
 */
export const blastRadius: Gate = {
  name: 'blast_radius',
  needs: 'total',
  decide(facts) {
    const { blastRadius: limit } = facts.playbook.limits
    if (limit === null) return notApplicable('the playbook has no blast radius')
    const allowed = allowedBy(limit, facts.total)
    if (!allowed.ok) return unsure(allowed.reason, limit, facts)
    const { others, some } = facts.stored.unwell
    const { max, bound, total } = allowed
    const said = { ill: others + 1, max, total, others: [...some] }
    if (max === 0) return never(bound, said, facts)
    if (others + 1 <= max) return pass(`${others + 1} of at most ${max} targets are ill (${bound})`, said)
    return block(`${others + 1} targets of this fleet are ill, which is no single fault: at most ${max} (${bound})`, {
      until: facts.now + askAgainMs,
      unblock: `heal what is ill, or close its incidents (hepar incidents), until at most ${max} are; or raise limits.blastRadius`,
      facts: said,
    })
  },
}

function allowedBy({ percent, count }: BlastRadius, total: GateFacts['total']): Allowed {
  const counted = { ok: true, max: count ?? Number.POSITIVE_INFINITY, bound: `max: ${count}`, total: null } as const
  if (percent === null) return counted
  if (total === undefined || total === null) return { ok: false, reason: 'nobody was asked' }
  if (!total.ok) return total
  const share = Math.floor((total.value * percent) / 100)
  if (count !== null && count <= share) return { ...counted, total: total.value }
  return { ok: true, max: share, bound: `${percent}% of ${total.value}`, total: total.value }
}

function unsure(reason: string, { of }: BlastRadius, { now }: GateFacts) {
  return block(`how many targets there are cannot be told: ${reason}`, {
    until: now + askAgainMs,
    unblock: 'make limits.blastRadius.of answer with one fresh number: Hepar asks again by itself',
    facts: { of },
  })
}

function never(bound: string, said: { readonly max: number; readonly total: number | null }, { now }: GateFacts) {
  return block(`${bound}, rounded down, is 0: the fleet is too small for any effect`, {
    until: now + askAgainMs,
    unblock: 'a person heals it; or raise limits.blastRadius so that it allows at least one target',
    facts: { ...said },
  })
}
