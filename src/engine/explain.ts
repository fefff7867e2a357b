import type { AlertRecord, Delivery } from '../domain/alert.ts'
import { formatDurationMs } from '../domain/duration.ts'
import type { Incident } from '../domain/incident.ts'
import type { Policy } from '../domain/policy.ts'
import { type GatherPorts, gather, readStored } from './assess/gather.ts'
import type { AlertExplanation, Explanation, IncidentExplanation } from './engine.ts'
import { maintenanceOver } from './facts/pauses.ts'
import { holdMsOf } from './facts/temporary.ts'
import { choiceFor, ladderWords, withLadder } from './ladder/choose-ladder.ts'
import { stepAt } from './ladder/ladder.ts'
import type { Destination } from './match/destinations.ts'
import type { NewId, PolicyHolder, Store } from './ports.ts'
import { attachmentOf, openIncident, reopen } from './receive/attach.ts'
import { decideParsed } from './receive/decide-parsed.ts'

export interface ExplainPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
}

/** Incidents per explanation whose plan is made: planning asks the world. */
const plansMax = 50

/** What `receive` and the gates would do with this delivery now. No effect, nothing stored. */
export async function explain(delivery: Delivery, ports: ExplainPorts): Promise<Explanation> {
  const { store, clock, newId } = ports
  const policy = ports.policy.current()
  const known = new Map<string, AlertRecord>()
  const alerts: AlertExplanation[] = []
  let plans = 0
  for (const parsed of delivery.alerts) {
    const fingerprint = parsed.ok ? parsed.alert.fingerprint : ''
    const before = known.get(fingerprint) ?? (await store.read.alerts(delivery.source, [fingerprint]))[0]
    const decided = await decideParsed(parsed, before, delivery, { policy, now: clock.now(), newId })
    if (decided.record) known.set(fingerprint, decided.record)
    const incidents: IncidentExplanation[] = []
    for (const destination of decided.routing?.destinations ?? []) {
      if (plans >= plansMax || decided.record === null) break
      plans += 1
      incidents.push(await explainIncident(destination, decided.record, policy, ports))
    }
    const traces = (await decided.routing?.trace()) ?? []
    alerts.push({ decision: decided.decision, playbooks: traces, incidents })
  }
  return { policyRevision: policy.revision, alerts }
}

async function explainIncident(
  destination: Destination,
  record: AlertRecord,
  policy: Policy,
  ports: ExplainPorts,
): Promise<IncidentExplanation> {
  const { playbook, target } = destination
  const { incident: known, would, attached } = await foresee(destination, record, ports)
  const choice = await choiceFor(ports.store.read, known, playbook, policy, ports.clock.now())
  const incident = choice === null ? known : withLadder(known, playbook, choice)
  const about = { playbook: playbook.name, target, would, ladder: choice }
  const chosen = choice === null ? [] : [ladderWords(playbook, choice)]
  const place = stepAt(incident, playbook)
  if (place?.step.kind !== 'action') {
    const pausing = { pauses: await ports.store.read.pauses(), windows: policy.config.maintenance }
    const held = maintenanceOver(pausing, { playbook: playbook.name, target }, ports.clock.now())
    const hands = place
      ? `hands over to "${place.step.channel}"`
      : 'hands over: every step of the ladder has been tried'
    const end = held === null ? hands : `${hands}, once the maintenance "${held.id}" is over`
    return { ...about, verdict: null, plan: null, planDigest: null, note: [end, ...chosen].join('; ') }
  }
  const { step, index: stepIndex } = place
  const alerts = [...attached.filter(({ fingerprint }) => fingerprint !== record.fingerprint), record]
  const now = ports.clock.now()
  const stored = await readStored(ports.store.read, { incident, playbook, policy }, now, { alerts })
  const { facts, verdict } = await gather({ incident, playbook, step, stepIndex, policy }, stored, ports)
  const holdMs = holdMsOf(step, policy.actions)
  const planned = facts.plan?.kind === 'planned' ? facts.plan : null
  const notes = [
    ...chosen,
    ...(stored.effect?.incident === incident.id
      ? [`first takes back the temporary effect of ${stored.effect.action}`]
      : []),
    ...(incident.illSince + playbook.settleMs > now ? [`first waits to settle (${playbook.settleMs / 1000} s)`] : []),
    ...(holdMs === null ? [] : [`a temporary effect, held for at least ${formatDurationMs(holdMs)}, then taken back`]),
  ]
  return {
    ...about,
    verdict,
    plan: planned?.plan ?? null,
    planDigest: planned?.digest ?? null,
    note: notes.join('; '),
  }
}

/** The incident as it would be right after the alert was accepted. */
async function foresee(
  destination: Destination,
  record: AlertRecord,
  { store, clock, newId }: ExplainPorts,
): Promise<{ incident: Incident; would: IncidentExplanation['would']; attached: readonly AlertRecord[] }> {
  const now = clock.now()
  const latest = await store.read.latestIncident(destination.playbook.name, destination.target)
  const would = attachmentOf(latest, destination, now)
  if (would === 'open' || latest === null) {
    return { incident: openIncident(destination, record, newId(now), now), would: 'open', attached: [] }
  }
  const attached = await store.read.alertsOf(latest.id)
  return { incident: would === 'reopen' ? reopen(latest, record, now) : latest, would, attached }
}
