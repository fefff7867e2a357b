import type { NewAuditEvent } from '../domain/audit.ts'
import type { GateReport, Verdict } from '../domain/gate.ts'
import type { Waiting } from '../domain/incident.ts'
import { lowerMode } from '../domain/playbook.ts'
import { assessedEvent, restingEvent, waitingEvent } from './assess-events.ts'
import { closeIncident } from './close.ts'
import type { GateFacts } from './gates/gate.ts'
import type { Assessment } from './gather.ts'
import { leaveAlone } from './leave-alone.ts'
import { channelOf } from './next.ts'
import { maintenanceOver } from './pauses.ts'
import type { NewId, Tx } from './ports.ts'

const lineMax = 2_400
const lineEachMs = 50

/** Writes down a verdict other than `run`: why not, until when, and what would unblock it. */
export async function recordVerdict(
  tx: Tx,
  assessment: Assessment,
  facts: GateFacts,
  { verdict, gates, blockedBy }: Verdict,
  { newId }: { readonly newId: NewId },
): Promise<void> {
  const { incident, playbook, policy } = assessment
  const { now } = facts
  const assessed = assessedEvent(assessment, facts, { verdict, gates, blockedBy })
  const limits = policy.config.limits
  if (verdict === 'refuse' && blockedBy) {
    await tx.append([assessed, waitingEvent(incident, blockedBy, now)])
    await closeIncident(tx, incident, { ending: 'refused', reason: blockedBy.reason, now })
    return
  }
  const waiting = waitingOf(blockedBy, now)
  const changed = !sameBlock(incident.waiting, waiting)
  const resting = verdict === 'would_run' || verdict === 'ask'
  const observed = lowerMode(facts.ceiling, playbook.mode) === 'observe'
  // What is only observed pages nobody.
  if (!observed && blockedBy?.result === 'block' && blockedBy.leaves) {
    const { reason, leaves } = blockedBy
    await tx.append([assessed, waitingEvent(incident, blockedBy, now)])
    const dueAt = now + limits.reconcileEveryMs
    const assessedIncident = { ...incident, playbookRevision: playbook.revision }
    await leaveAlone(tx, {
      incident: assessedIncident,
      channel: channelOf(playbook),
      reason,
      leaves,
      now,
      dueAt,
      newId,
    })
    return
  }
  const about = { playbook: playbook.name, target: incident.target }
  const maintenance = maintenanceOver({ pauses: facts.stored.pauses, windows: facts.windows }, about, now)
  // Maintenance holds hand-overs back, so that time in it is no wait: after it, everything begins anew.
  const blockedSince = observed || maintenance !== null ? null : (incident.blockedSince ?? now)
  // Many wait for one and the same moment; they are looked at one after another then, each playbook for itself.
  const line = waiting?.gate === 'rate' ? await tx.dueFrom(incident.playbook, waiting.until ?? now, lineMax) : 0
  const giveUpAt = blockedSince === null ? Number.POSITIVE_INFINITY : blockedSince + playbook.limits.maxWaitMs
  await tx.saveIncident({
    ...incident,
    playbookRevision: playbook.revision,
    state: verdict === 'ask' ? 'awaiting_approval' : 'waiting',
    waiting,
    blockedSince,
    wouldRunRevision: resting ? policy.revision : null,
    updatedAt: now,
    dueAt: Math.min((waiting?.until ?? now + limits.reconcileEveryMs) + line * lineEachMs, giveUpAt),
  })
  if (!changed && !resting) return
  const events: NewAuditEvent[] = [assessed]
  if (blockedBy) events.push(waitingEvent(incident, blockedBy, now))
  if (resting) events.push(restingEvent(assessment, facts, verdict))
  await tx.append(events)
}

function waitingOf(blockedBy: GateReport | null, now: number): Waiting | null {
  if (blockedBy?.result !== 'block') return null
  const { gate, reason, until, unblock, facts } = blockedBy
  const on = Array.isArray(facts.on) ? { on: facts.on.map(String) } : {}
  return { gate, reason, until: until === null ? null : Math.max(until, now + 1), unblock, ...on }
}

/** The same gate with the same words is one block, however far its numbers have moved on. */
function sameBlock(a: Waiting | null, b: Waiting | null): boolean {
  const words = (waiting: Waiting | null) => `${waiting?.gate}:${waiting?.reason.replace(/(\d+[a-z]*)+/g, '#')}`
  return words(a) === words(b)
}
