import type { Decision, DecisionKind, Delivery } from '../../domain/alert.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Decided } from './decide-parsed.ts'

/** Which alerts of a delivery a part holds: those from index `from` on, of `of` in all. */
export interface Part {
  readonly from: number
  readonly of: number
}

/**
 * The one event of a delivery, or of a part of a very large one: every decision, with the fingerprints of all alerts that
 * were decided alike; what became of each is in the events of its incident. Of alerts that only repeat, the fingerprints.
 */
export function deliveryEvent(
  { source, receiver, via, digest, truncatedAlerts }: Delivery,
  { from, of }: Part,
  done: readonly Decided[],
  { by, now }: { readonly by: string; readonly now: number },
): NewAuditEvent {
  const counts: Partial<Record<DecisionKind, number>> = {}
  const decided = new Map<string, Alike>()
  const repeats: string[] = []
  for (const { decision, record } of done) {
    counts[decision.decision] = (counts[decision.decision] ?? 0) + 1
    if (decision.decision === 'duplicate') repeats.push(decision.fingerprint ?? '')
    else addTo(decided, decision, record?.labels.alertname ?? null)
  }
  const body = { counts, decided: [...decided.values()], digest, from, of, receiver, repeats, source }
  return { type: 'delivery.received', at: now, actor: by, body: { ...body, truncated: truncatedAlerts, via } }
}

interface Alike extends JsonObject {
  readonly fingerprints: (string | null)[]
}

function addTo(decided: Map<string, Alike>, decision: Decision, alertname: string | null): void {
  const { fingerprint, reason, playbooks } = decision
  const named = plain.has(decision.decision)
  const key = `${decision.decision} ${alertname} ${playbooks.join()} ${named ? '' : reason}`
  const alike = decided.get(key)
  if (alike !== undefined) return void alike.fingerprints.push(fingerprint)
  decided.set(key, {
    ...(alertname === null ? {} : { alertname }),
    decision: decision.decision,
    fingerprints: [fingerprint],
    ...(playbooks.length === 0 ? {} : { playbooks }),
    ...(named ? {} : { reason }),
  })
}

/** Decisions whose reason is the playbooks they name. */
const plain: ReadonlySet<DecisionKind> = new Set(['matched', 'unmatched'])
