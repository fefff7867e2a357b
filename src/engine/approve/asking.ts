import { type Approval, whyVoid } from '../../domain/approval.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Verdict } from '../../domain/gate.ts'
import type { Incident } from '../../domain/incident.ts'
import type { JsonObject } from '../../domain/json.ts'
import { channelOf } from '../../domain/playbook.ts'
import type { Assessment } from '../facts/assessment.ts'
import { demandOf, needOf } from '../gates/approval.ts'
import type { GateFacts } from '../gates/gate.ts'
import { pastSuccessOf } from '../ladder/past-success.ts'
import type { NewId, Tx } from '../ports.ts'
import { tell } from '../tell/notices.ts'
import { askedBody, decidedBody } from './approval-notices.ts'

interface Making {
  readonly now: number
  readonly newId: NewId
}

/**
 * Brings what people are asked in line with what the gates decided: one ask for exactly this attempt and plan where people
 * decide, and none that holds for something else. Resolves to the ask that is live then.
 */
export async function settleAsk(
  tx: Tx,
  assessment: Assessment,
  facts: GateFacts,
  { verdict, gates }: Verdict,
  newId: NewId,
): Promise<Approval | null> {
  const { now } = facts
  const live = await tx.liveApproval(assessment.incident.id)
  const why = live && whyOver(live, facts)
  if (live && why !== null) {
    const channels = askedOn(assessment)
    const askedAnew = verdict === 'ask' && live.channels.every((channel) => channels.includes(channel))
    await end(tx, live, { reason: why, now, newId, askedAnew })
  }
  if (verdict !== 'ask') return why === null ? live : null
  if (live && why === null) return live
  return ask(tx, assessment, { ...facts, since: live?.since ?? now, gates }, { now, newId })
}

function whyOver(live: Approval, facts: GateFacts): string | null {
  const demand = demandOf(facts)
  return demand.kind === 'none' ? unneeded : whyVoid(live, needOf(facts, demand), facts.now)
}

const unneeded = 'no approval is needed any more'

/** The channels on which people are asked. */
function askedOn({ playbook, policy }: Pick<Assessment, 'playbook' | 'policy'>): readonly string[] {
  const channel = playbook.approval.channel ?? channelOf(playbook)
  return channel === null ? policy.config.announce : [channel]
}

async function ask(
  tx: Tx,
  { incident, playbook, step, stepIndex, policy }: Assessment,
  facts: GateFacts & Pick<Approval, 'since' | 'gates'>,
  { now, newId }: Making,
): Promise<Approval> {
  const { plan, since, gates } = facts
  const demand = demandOf(facts)
  if (plan?.kind !== 'planned' || demand.kind !== 'people') throw new Error('nothing can be asked without a plan')
  const { data: _, ...shown } = plan.plan
  const { externalUrl } = policy.config
  const approval: Approval = {
    id: newId(now),
    incident: incident.id,
    playbook: playbook.name,
    target: incident.target,
    attempt: incident.attempts + 1,
    step: stepIndex,
    planDigest: plan.digest,
    playbookRevision: playbook.revision,
    policyRevision: policy.revision,
    plan: shown,
    gates,
    pastSuccess: await pastSuccessOf(tx, { playbook, step, target: incident.target }, now),
    channels: askedOn({ playbook, policy }),
    needed: demand.needed,
    requestedBy: incident.manual?.by ?? null,
    since,
    askedAt: now,
    expiresAt: since + (playbook.approval.withinMs ?? playbook.limits.maxWaitMs),
    state: 'pending',
    endorsements: [],
    decidedBy: null,
    decidedAt: null,
    reason: '',
    usedBy: null,
  }
  await tx.insertApproval(approval)
  const { summary, action, pin, touches = [] } = shown
  const { needed, expiresAt } = approval
  const about = { action, summary, pin, touches: [...touches], needed, expiresAt, policyRevision: policy.revision }
  await tx.append([approvalEvent('approval.asked', approval, { now, body: about })])
  const body = askedBody(approval, { reason: demand.reason, alerts: facts.stored.alerts, externalUrl })
  const notice = { event: 'approval.asked', dedupeKey: `asked:${approval.id}`, incident: incident.id } as const
  await tell(tx, { ...notice, channels: approval.channels, body }, { now, newId })
  return approval
}

/** Ends what is asked of an incident that goes to a human or is over: as expired when its time is up, or else as void. */
export async function endAsk(
  tx: Tx,
  { id }: Pick<Incident, 'id'>,
  ending: Making & { readonly reason: string },
): Promise<void> {
  const live = await tx.liveApproval(id)
  if (live) await end(tx, live, ending)
}

async function end(
  tx: Tx,
  live: Approval,
  { reason, now, newId, askedAnew }: Making & { readonly reason: string; readonly askedAnew?: boolean },
): Promise<void> {
  const state = live.expiresAt <= now ? 'expired' : 'void'
  const ended: Approval = { ...live, state, reason: state === 'expired' ? 'its time was up' : reason, decidedAt: now }
  await tx.saveApproval(ended, live.state)
  const type = state === 'expired' ? 'approval.expired' : 'approval.voided'
  await tx.append([approvalEvent(type, ended, { now, body: { reason: ended.reason, was: live.state } })])
  await tellDecided(tx, ended, { now, newId }, askedAnew)
}

/** Binds the approval to the attempt that is begun on it, in the commit of its intent: it is good for no other. */
export async function useAsk(tx: Tx, attempt: string, facts: GateFacts, newId: NewId): Promise<Approval | null> {
  const { now, stored } = facts
  const live = stored.approval
  if (live === null) return null
  const demand = demandOf(facts)
  const holds =
    demand.kind === 'people' && live.state === 'approved' && whyVoid(live, needOf(facts, demand), now) === null
  if (!holds) {
    await end(tx, live, { reason: unneeded, now, newId })
    return null
  }
  const used: Approval = { ...live, state: 'used', usedBy: attempt }
  await tx.saveApproval(used, 'approved')
  return used
}

/** Tells those who were asked how it ended. */
export async function tellDecided(tx: Tx, approval: Approval, making: Making, askedAnew = false): Promise<void> {
  const { id, incident, channels } = approval
  const notice = {
    event: 'approval.decided',
    dedupeKey: `decided:${id}:${approval.state}`,
    incident,
    channels,
  } as const
  await tell(tx, { ...notice, body: decidedBody(approval, askedAnew) }, making)
}

export function approvalEvent(
  type: Extract<NewAuditEvent['type'], `approval.${string}`>,
  { id, incident, playbook, target, attempt, step, planDigest, playbookRevision }: Approval,
  { now, body, actor = 'engine' }: { readonly now: number; readonly body: JsonObject; readonly actor?: string },
): NewAuditEvent {
  const bound: JsonObject = { approval: id, attempt, step, planDigest, playbookRevision }
  return { type, at: now, actor, incident, playbook, target, body: { ...bound, ...body } }
}
