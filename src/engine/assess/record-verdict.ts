import type { Approval } from '../../domain/approval.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { GateReport, Verdict } from '../../domain/gate.ts'
import type { Waiting } from '../../domain/incident.ts'
import { channelOf, lowerMode, type Playbook } from '../../domain/playbook.ts'
import { endAsk, settleAsk } from '../approve/asking.ts'
import { closeIncident } from '../end/close.ts'
import { leaveAlone } from '../end/leave-alone.ts'
import type { Assessment } from '../facts/assessment.ts'
import { maintenanceOver } from '../facts/pauses.ts'
import type { GateFacts } from '../gates/gate.ts'
import type { NewId, Tx } from '../ports.ts'
import { assessedEvent, waitingEvent, wouldRunEvent } from './assess-events.ts'

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
    await closeIncident(tx, incident, { ending: 'refused', reason: blockedBy.reason, now, newId })
    return
  }
  const ask = await settleAsk(tx, assessment, facts, { verdict, gates, blockedBy }, newId)
  const waiting = waitingOf(blockedBy, now, verdict === 'ask' ? ask : null)
  const changed = !sameBlock(incident.waiting, waiting)
  const resting = verdict === 'would_run'
  const observed = lowerMode(facts.ceiling, playbook.mode) === 'observe'
  // What is only observed pages nobody.
  if (!observed && blockedBy?.result === 'block' && blockedBy.leaves) {
    const { reason, leaves } = blockedBy
    await tx.append([assessed, waitingEvent(incident, blockedBy, now)])
    await endAsk(tx, incident, { reason, now, newId })
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
  const blockedSince = observed || maintenance !== null ? null : (ask?.since ?? incident.blockedSince ?? now)
  const lookAgainAt = now + limits.reconcileEveryMs
  // Many wait for one and the same moment; they are looked at one after another then, each playbook for itself.
  const line = waiting?.gate === 'rate' ? await tx.dueFrom(incident.playbook, waiting.until ?? now, lineMax) : 0
  await tx.saveIncident({
    ...incident,
    playbookRevision: playbook.revision,
    state: verdict === 'ask' ? 'awaiting_approval' : 'waiting',
    waiting,
    blockedSince,
    // Whoever was there first is credited with the end.
    human: incident.human || blockedBy?.gate === 'override',
    wouldRunRevision: resting ? policy.revision : null,
    updatedAt: now,
    dueAt: Math.min(
      (verdict === 'ask' ? lookAgainAt : (waiting?.until ?? lookAgainAt)) + line * lineEachMs,
      giveUpAt(ask, blockedSince, playbook),
    ),
  })
  if (!changed && !resting && (verdict !== 'ask' || ask?.askedAt !== now)) return
  const events: NewAuditEvent[] = [assessed]
  if (blockedBy) events.push(waitingEvent(incident, blockedBy, now))
  if (resting) events.push(wouldRunEvent(assessment, facts))
  await tx.append(events)
}

/** While people are asked, their time; else that of the playbook. */
function giveUpAt(ask: Approval | null, blockedSince: number | null, { limits }: Playbook): number {
  if (ask !== null) return ask.expiresAt
  return blockedSince === null ? Number.POSITIVE_INFINITY : blockedSince + limits.maxWaitMs
}

function waitingOf(blockedBy: GateReport | null, now: number, ask: Approval | null): Waiting | null {
  if (blockedBy?.result !== 'block') return null
  const { gate, reason, unblock, facts } = blockedBy
  const on = Array.isArray(facts.on) ? { on: facts.on.map(String) } : {}
  const until = ask?.expiresAt ?? blockedBy.until
  return { gate, reason, until: until === null ? null : Math.max(until, now + 1), unblock, ...on }
}

/** The same gate with the same words is one block, however far its numbers have moved on. */
function sameBlock(a: Waiting | null, b: Waiting | null): boolean {
  const words = (waiting: Waiting | null) => `${waiting?.gate}:${waiting?.reason.replace(/(\d+[a-z]*)+/g, '#')}`
  return words(a) === words(b)
}
