import type { AlertRecord, Decision, Delivery, ParsedAlert } from '../../domain/alert.ts'
import type { Policy } from '../../domain/policy.ts'
import { type Routing, routeAlert, withRouting } from '../match/destinations.ts'
import type { NewId } from '../ports.ts'
import { decideAlert } from './decide-alert.ts'

/** One decided element of a delivery: the decision, what is now known of the alert, and where it leads. */
export interface Decided {
  readonly decision: Decision
  /** `null` when nothing is to be stored: stale or rejected. */
  readonly record: AlertRecord | null
  readonly routing: Routing | null
  readonly askSource: boolean
}

/** The decision `receive` records and `explain` foretells: one function, so they cannot differ. */
export async function decideParsed(
  parsed: ParsedAlert,
  known: AlertRecord | undefined,
  delivery: Pick<Delivery, 'source' | 'receiver' | 'groupLabels'>,
  { policy, now, newId }: { policy: Policy; now: number; newId: NewId },
): Promise<Decided> {
  if (!parsed.ok) {
    const { fingerprint, reason } = parsed.problem
    return {
      decision: { fingerprint, decision: 'rejected', reason, playbooks: [] },
      record: null,
      routing: null,
      askSource: false,
    }
  }
  const { fingerprint } = parsed.alert
  const reading = decideAlert(parsed.alert, known, {
    source: delivery.source,
    receiver: delivery.receiver,
    groupLabels: delivery.groupLabels,
    now,
    episodeGapMs: policy.config.limits.episodeGapMs,
    newEpisode: newId(now),
  })
  if (reading.kind !== 'begins') {
    const decision: Decision = { fingerprint, decision: reading.kind, reason: reading.reason, playbooks: [] }
    const record = reading.kind === 'duplicate' || reading.kind === 'resolved' ? reading.record : null
    return { decision, record, routing: null, askSource: reading.kind === 'stale' && reading.askSource }
  }
  const routing = await routeAlert(policy, reading.record, now)
  const record = withRouting(reading.record, routing, policy)
  const { decision, reason, playbooks } = record
  return { decision: { fingerprint, decision, reason, playbooks }, record, routing, askSource: false }
}
