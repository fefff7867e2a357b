import type { Attempt } from '../../domain/attempt.ts'
import type { StoreCopy } from '../../domain/copy.ts'
import type { Incident } from '../../domain/incident.ts'
import { channelOf } from '../../domain/playbook.ts'
import { playbookOf } from '../../domain/policy.ts'
import { type ActPorts, recordResult } from '../act/act.ts'
import { closeIncident } from '../end/close.ts'
import { handOver } from '../end/hand-over.ts'
import type { NewId, PolicyHolder, Tx } from '../ports.ts'

type RestoredPorts = Pick<ActPorts, 'store' | 'clock' | 'newId' | 'policy' | 'log'>

/**
 * The first start on a copy of a store. Hepar has forgotten what it did since the copy was taken, so it must not act on what it
 * knows: everything is stopped until a person has looked at the world, no ladder of the past goes on by itself, and effects that
 * were under way are `unknown`. All in one commit. Resolves to whether this store was a copy.
 */
export async function takeOverCopy(ports: RestoredPorts): Promise<boolean> {
  const { store, clock, log } = ports
  if ((await store.read.copy()) === null) return false
  await store.transaction('restore', async (tx) => {
    const copy = await tx.copy()
    if (copy === null) return
    const now = clock.now()
    const reason = await stopEverything(tx, copy, now)
    for (const attempt of await tx.activeAttempts()) await loseSightOf(tx, attempt, reason, ports)
    for (const incident of await tx.incidents({ states: quiet, limit: 100_000 }))
      await endLadder(tx, incident, now, ports)
    await tx.forgetCopy()
    log.warn(
      { reason, events: copy.seq },
      'this store was restored from a backup: nothing begins until an operator confirms',
    )
  })
  return true
}

/** The one stop switch that a plain `unpause` does not lift, and that holds reverts back, too. */
async function stopEverything(tx: Tx, copy: StoreCopy, now: number): Promise<string> {
  const { takenAt, seq, mac } = copy
  const before = await tx.pause()
  const known = `the store was restored from a backup of ${new Date(takenAt).toISOString()}, and what happened since is forgotten`
  const reason = before === null ? known : `${known} (it was paused then: ${before.reason})`
  const incidents = (await tx.activeAttempts()).map(({ incident }) => incident)
  await tx.setPause({ reason, by: 'restore', since: now, until: null, restored: { incidents } })
  await tx.append([
    { type: 'store.restored', at: now, actor: 'engine', body: { takenAt, seq, mac } },
    { type: 'pause.set', at: now, actor: 'engine', body: { reason, until: null, restored: true } },
  ])
  return reason
}

/** Nobody knows how it ended, whether it was acting or being proven. It is probed, and never begun again. */
async function loseSightOf(tx: Tx, attempt: Attempt, reason: string, ports: RestoredPorts): Promise<void> {
  if (attempt.phase === 'acting') await recordResult(tx, attempt, { kind: 'unknown', reason }, ports)
  else if (attempt.reverts === null) await tx.saveAttempt({ ...attempt, effect: 'unknown', effectDetail: reason })
}

const quiet = ['open', 'waiting', 'awaiting_approval', 'holding'] as const

/** Gives an incident of the backup to people: how far its ladder really went is forgotten. */
export async function endLadder(
  tx: Tx,
  incident: Incident,
  now: number,
  { newId, policy }: { readonly newId: NewId; readonly policy: PolicyHolder },
): Promise<void> {
  if (!quiet.some((state) => state === incident.state)) return
  const reason = 'the store was restored: what was tried since the backup is forgotten'
  const inForce = (await tx.attemptsOf(incident.id)).some((attempt) => attempt.inForce)
  if (incident.manual !== null && !inForce) {
    const ending = incident.touched ? 'unverified' : 'cancelled'
    await closeIncident(tx, incident, { ending, reason, now, newId })
    return
  }
  const channel = channelOf(playbookOf(incident, policy.current()))
  await handOver(tx, incident, { channel, reason, now, newId, dueAt: now })
}
