import type { Incident } from '../../domain/incident.ts'
import { manualPlaybook } from '../../domain/manual-playbook.ts'
import { playbookOf } from '../../domain/policy.ts'
import { formatTarget, parseTarget } from '../../domain/target.ts'
import { closeIncident } from '../end/close.ts'
import type { Engine } from '../engine.ts'
import { HeparError } from '../errors.ts'
import type { Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { openIncident } from '../receive/attach.ts'

export interface OperatePorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
}

/** Cancels an incident. A running effect finishes first, a temporary one is taken back, and nothing follows it. */
export async function cancel(
  id: string,
  by: string,
  reason: string,
  { store, clock, newId }: OperatePorts,
): Promise<Incident> {
  return store.transaction('cancel', async (tx) => {
    const now = clock.now()
    const incident = await existing(tx, id)
    if (incident.state === 'closed')
      throw new HeparError('conflict', `incident ${id} is closed already (${incident.ending})`)
    const underWay = incident.state === 'acting' || incident.state === 'verifying'
    const inForce = (await tx.attemptsOf(id)).some((attempt) => attempt.inForce)
    if (!underWay && !inForce) {
      return closeIncident(
        tx,
        { ...incident, human: true },
        { ending: 'cancelled', reason: `${reason} (${by})`, now, actor: by, newId },
      )
    }
    await tx.append([
      {
        type: 'incident.cancel_requested',
        at: now,
        actor: by,
        incident: id,
        playbook: incident.playbook,
        target: incident.target,
        body: { reason, state: incident.state },
      },
    ])
    const dueAt = underWay ? incident.dueAt : now
    return tx.saveIncident({ ...incident, cancelRequestedBy: by, human: true, updatedAt: now, dueAt })
  })
}

/** Gives a handed-over incident back to the ladder, from its first step. What flapped or went in a loop is no longer left alone. */
export async function resume(
  id: string,
  by: string,
  reason: string,
  { store, clock, policy }: OperatePorts,
): Promise<Incident> {
  return store.transaction('resume', async (tx) => {
    const now = clock.now()
    const incident = await existing(tx, id)
    const playbook = playbookOf(incident, policy.current())
    if (incident.state !== 'handed_over') {
      throw new HeparError(
        'conflict',
        `incident ${id} is ${incident.state}; only a handed-over incident can be resumed`,
      )
    }
    const takenUp = await tx.takeUpAgain(incident.target)
    await tx.append([
      {
        type: 'incident.resumed',
        at: now,
        actor: by,
        incident: id,
        playbook: incident.playbook,
        target: incident.target,
        body: { reason, ...(takenUp.length > 0 && { takenUp: [...takenUp] }) },
      },
    ])
    return tx.saveIncident({
      ...incident,
      state: 'open',
      step: 0,
      // Whoever resumes it wants every step, also those that were tried a short while ago.
      ladder: playbook && { revision: playbook.revision, order: playbook.steps.map((_, index) => index) },
      handedOverAt: null,
      toldAt: null,
      blockedSince: null,
      wouldRunRevision: null,
      updatedAt: now,
      dueAt: now,
    })
  })
}

/** Opens an incident on a person's word. The gates decide as ever. */
export async function heal(
  request: Parameters<Engine['heal']>[0],
  { store, clock, newId, policy }: OperatePorts,
): Promise<Incident> {
  const action = policy.current().actions.find(({ name }) => name === request.action)
  if (!action) {
    const names = policy.current().actions.map(({ name }) => name)
    throw new HeparError('invalid', `no action "${request.action}"; loaded are: ${names.join(', ') || 'none'}`)
  }
  const read = parseTarget(request.target)
  if (!read.ok) throw new HeparError('invalid', read.reason)
  if (read.target.kind !== action.kind) {
    throw new HeparError('invalid', `${action.name} acts on ${action.kind}/…, not on ${request.target}`)
  }
  const target = formatTarget(read.target)
  return store.transaction('heal', async (tx) => {
    const now = clock.now()
    const latest = await tx.latestIncident('manual', target)
    if (latest && latest.state !== 'closed') {
      throw new HeparError('conflict', `a manual heal of ${target} is open already: ${latest.id}`)
    }
    const manual = { action: request.action, with: request.with, by: request.by, reason: request.reason }
    const destination = { playbook: manualPlaybook({ manual }), target }
    const incident: Incident = { ...openIncident(destination, null, newId(now), now), manual, human: true }
    await tx.openIncidents([incident])
    await tx.append([
      {
        type: 'incident.opened',
        at: now,
        actor: request.by,
        incident: incident.id,
        playbook: incident.playbook,
        target: incident.target,
        body: { reason: request.reason, action: request.action, startsAt: now, source: null, fingerprint: null },
      },
    ])
    return incident
  })
}

async function existing(tx: Tx, id: string): Promise<Incident> {
  const incident = await tx.incident(id)
  if (incident === null) throw new HeparError('not_found', `there is no incident ${id}`)
  return incident
}
