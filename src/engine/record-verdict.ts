import type { Approval } from '../domain/approval.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import type { GateReport, Verdict } from '../domain/gate.ts'
import type { Waiting } from '../domain/incident.ts'
import { lowerMode, type Playbook } from '../domain/playbook.ts'
import { settleAsk } from './asking.ts'
import { assessedEvent, waitingEvent, wouldRunEvent } from './assess-events.ts'
import { closeIncident } from './close.ts'
import type { GateFacts } from './gates/gate.ts'
import type { Assessment } from './gather.ts'
import type { NewId, Tx } from './ports.ts'

/** Writes down a verdict other than `run`: why not, until when, and what would unblock it. */
export async function recordVerdict(
  tx: Tx,
  assessment: Assessment,
  facts: GateFacts,
  { verdict, gates, blockedBy }: Verdict,
  newId: NewId,
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
  const blockedSince = observed ? null : (ask?.since ?? incident.blockedSince ?? now)
  const lookAgainAt = now + limits.reconcileEveryMs
  await tx.saveIncident({
    ...incident,
    playbookRevision: playbook.revision,
    state: verdict === 'ask' ? 'awaiting_approval' : 'waiting',
    waiting,
    blockedSince,
    wouldRunRevision: resting ? policy.revision : null,
    updatedAt: now,
    dueAt: Math.min(
      verdict === 'ask' ? lookAgainAt : (waiting?.until ?? lookAgainAt),
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
  const { gate, reason, unblock } = blockedBy
  const until = ask?.expiresAt ?? blockedBy.until
  return { gate, reason, until: until === null ? null : Math.max(until, now + 1), unblock }
}

/** The same gate with the same words is one block, however far its numbers have moved on. */
function sameBlock(a: Waiting | null, b: Waiting | null): boolean {
  const words = (waiting: Waiting | null) => `${waiting?.gate}:${waiting?.reason.replace(/(\d+[a-z]*)+/g, '#')}`
  return words(a) === words(b)
}
