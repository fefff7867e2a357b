import { type DecisionKind, type Delivery, decisions } from '../domain/alert.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Decided } from './decide-parsed.ts'

/** Which alerts of a delivery a part holds: those from index `from` on, of `of` in all. */
export interface Part {
  readonly from: number
  readonly of: number
}

/**
 * The one event of a delivery, or of a part of a very large one: every decision, each with no more than cannot be read off
 * the events of its incidents; of alerts that only repeat, their episodes.
 */
export function deliveryEvent(
  { source, receiver, via, digest, truncatedAlerts }: Delivery,
  { from, of }: Part,
  done: readonly Decided[],
  { by, now }: { readonly by: string; readonly now: number },
): NewAuditEvent {
  const counts = Object.fromEntries(decisions.map((kind) => [kind, 0])) as Record<DecisionKind, number>
  const decided: JsonObject[] = []
  const repeats: string[] = []
  for (const one of done) {
    const { decision, record } = one
    counts[decision.decision] += 1
    if (decision.decision !== 'duplicate') decided.push(entryOf(one))
    else if (record) repeats.push(record.episode)
  }
  const body = { source, receiver, via, digest, truncated: truncatedAlerts, from, of, counts, decided, repeats }
  return { type: 'delivery.received', at: now, actor: by, body }
}

/** Decisions whose reason is the playbooks they name. */
const plain: ReadonlySet<DecisionKind> = new Set(['matched', 'unmatched'])

function entryOf({ decision, record }: Decided): JsonObject {
  const { fingerprint, reason, playbooks } = decision
  return {
    fingerprint,
    ...(record === null ? {} : { alertname: record.labels.alertname ?? null, episode: record.episode }),
    decision: decision.decision,
    ...(plain.has(decision.decision) ? {} : { reason }),
    ...(playbooks.length === 0 ? {} : { playbooks }),
  }
}
