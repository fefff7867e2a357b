import type { Approval, Endorsement } from '../../domain/approval.ts'
import type { Incident } from '../../domain/incident.ts'
import { channelOf } from '../../domain/playbook.ts'
import { playbookOf } from '../../domain/policy.ts'
import { approvalEvent, tellDecided } from '../approve/asking.ts'
import { closeIncident } from '../end/close.ts'
import { handOver } from '../end/hand-over.ts'
import type { Engine } from '../engine.ts'
import { HeparError } from '../errors.ts'
import type { Tx } from '../ports.ts'
import type { OperatePorts } from './operate.ts'

type Request = Parameters<Engine['decideApproval']>[0]
type Decided = Awaited<ReturnType<Engine['decideApproval']>>

/** One person's word about the plan that an incident asks about. There is one writer, so the first of two wins. */
export async function decideApproval(request: Request, ports: OperatePorts): Promise<Decided> {
  const { store, clock } = ports
  return store.transaction('decide', async (tx) => {
    const now = clock.now()
    const incident = await tx.incident(request.incident)
    if (incident === null) throw new HeparError('not_found', `there is no incident ${request.incident}`)
    const asked = await askedFor(tx, request)
    refuseDecided(asked)
    if (asked.expiresAt <= now) throw new HeparError('conflict', 'nobody decided in time: the incident goes to a human')
    return request.decision === 'reject'
      ? reject(tx, incident, asked, request, ports)
      : approve(tx, incident, asked, request, ports)
  })
}

/** The ask that is meant: of this plan, and of no other attempt or step that happens to have the same plan. */
async function askedFor(tx: Tx, { incident, planDigest, ask }: Request): Promise<Approval> {
  const asks = await tx.approvalsOf(incident)
  const fitting = asks.filter((one) => one.planDigest === planDigest && (ask === undefined || one.id === ask))
  const meant = fitting.at(-1)
  if (meant !== undefined) {
    const { id, attempt, step } = meant
    if (fitting.every((one) => one.attempt === attempt && one.step === step)) return meant
    const message = `the same plan was asked about before, and now for attempt ${attempt}: say that ask ${id} is meant`
    throw new HeparError('conflict', message)
  }
  const latest = asks.at(-1)
  if (latest === undefined) throw new HeparError('conflict', `incident ${incident} asks for no approval`)
  throw new HeparError('conflict', `the plan changed: asked is ${latest.planDigest} now, not ${planDigest}`)
}

function refuseDecided({ state, decidedBy, decidedAt, reason }: Approval): void {
  if (state === 'pending') return
  if (state === 'void') throw new HeparError('conflict', `this ask is void: ${reason}`)
  if (state === 'expired') throw new HeparError('conflict', 'nobody decided in time: the incident went to a human')
  const word = state === 'rejected' ? 'rejected' : 'approved'
  const at = new Date(decidedAt ?? 0).toISOString()
  throw new HeparError('conflict', `${decidedBy} has ${word} it already, at ${at}`)
}

async function approve(
  tx: Tx,
  incident: Incident,
  asked: Approval,
  { by, reason }: Request,
  { clock, newId }: OperatePorts,
): Promise<Decided> {
  const now = clock.now()
  if (by === asked.requestedBy) {
    throw new HeparError('conflict', `${by} asked for this heal: under four eyes somebody else must approve it`)
  }
  if (asked.endorsements.some((one) => one.by === by)) {
    throw new HeparError('conflict', `${by} has approved it already: under four eyes another person must, too`)
  }
  const endorsement: Endorsement = { by, at: now, reason }
  const endorsements = [...asked.endorsements, endorsement]
  if (endorsements.length < asked.needed) {
    const endorsed: Approval = { ...asked, endorsements }
    await tx.saveApproval(endorsed, 'pending')
    const body = { reason, approvals: endorsements.length, needed: asked.needed }
    await tx.append([approvalEvent('approval.endorsed', endorsed, { now, actor: by, body })])
    return { approval: endorsed, incident: await tx.saveIncident({ ...incident, updatedAt: now, dueAt: now }) }
  }
  const approval: Approval = { ...asked, endorsements, state: 'approved', decidedBy: by, decidedAt: now, reason }
  await record(tx, approval, { by, now })
  await tellDecided(tx, approval, { now, newId })
  // The gates decide once more: what has changed meanwhile still holds the effect back.
  return { approval, incident: await tx.saveIncident({ ...incident, updatedAt: now, dueAt: now }) }
}

/** A no ends the ladder: a human has it from now on, and nothing is asked again unless somebody resumes it. */
async function reject(
  tx: Tx,
  incident: Incident,
  asked: Approval,
  { by, reason }: Request,
  { clock, newId, policy }: OperatePorts,
): Promise<Decided> {
  const now = clock.now()
  const approval: Approval = { ...asked, state: 'rejected', decidedBy: by, decidedAt: now, reason }
  await record(tx, approval, { by, now })
  await tellDecided(tx, approval, { now, newId })
  const why = `${by} rejected it: ${reason}`
  if (incident.manual) {
    const ending = incident.touched ? 'unverified' : 'cancelled'
    const closed = await closeIncident(tx, { ...incident, human: true }, { ending, reason: why, now, actor: by, newId })
    return { approval, incident: closed }
  }
  const channel = channelOf(playbookOf(incident, policy.current()))
  return { approval, incident: await handOver(tx, incident, { channel, reason: why, now, newId, dueAt: now }) }
}

async function record(tx: Tx, approval: Approval, { by, now }: { by: string; now: number }): Promise<void> {
  const { state, reason, endorsements } = approval
  await tx.saveApproval(approval, 'pending')
  const body = { decision: state, reason, approvedBy: endorsements.map((one) => one.by) }
  await tx.append([approvalEvent('approval.decided', approval, { now, actor: by, body })])
}
