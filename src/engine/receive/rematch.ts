import type { AlertRecord } from '../../domain/alert.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import type { RematchPreview } from '../engine.ts'
import { liftOutdated } from '../ladder/demotion.ts'
import { routeAlert, withRouting } from '../match/destinations.ts'
import type { Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { afterArrivals } from '../storm/watch-storm.ts'
import { lookAgain } from '../turns/look-again.ts'
import { attachAlerts } from './attach.ts'
import { changedEvent } from './confirm.ts'
import { forEachFiring } from './sweep.ts'

export interface RematchPorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
}

/** How many active alerts a policy would match, and how many incidents that would open. Reads only. */
export async function previewRematch(
  policy: Policy,
  ports: Pick<RematchPorts, 'store' | 'clock'>,
): Promise<RematchPreview> {
  let active = 0
  let willMatch = 0
  const opening = new Set<string>()
  await forEachFiring(ports, null, async (page) => {
    for (const record of page) {
      active += 1
      const routing = await routeAlert(policy, record, ports.clock.now())
      if (routing.decision === 'matched') willMatch += 1
      for (const { playbook, target } of routing.destinations) {
        const latest = await ports.store.read.latestIncident(playbook.name, target)
        if (latest !== null && latest.state !== 'closed') continue
        if (!staysEnded(record, playbook, latest)) opening.add(`${playbook.name} ${target}`)
      }
    }
  })
  return { active, willMatch, willOpen: opening.size }
}

/** Matches the active alerts again under the policy in force: what leads elsewhere now is followed, and all open incidents look again. */
export async function rematch(preview: RematchPreview | null, by: string, ports: RematchPorts): Promise<void> {
  const { store, clock } = ports
  const policy = ports.policy.current()
  const seen = preview ?? (await previewRematch(policy, ports))
  await store.transaction('config', async (tx) => {
    await tx.append([
      {
        type: 'config.loaded',
        at: clock.now(),
        actor: by,
        body: {
          revision: policy.revision,
          mode: policy.config.mode,
          playbooks: policy.playbooks.map(({ name, revision }) => ({ name, revision })),
          actions: policy.actions.map(({ name, fileDigest }) => ({ name, fileDigest })),
          active: seen.active,
          willMatch: seen.willMatch,
          willOpen: seen.willOpen,
        },
      },
    ])
    await liftOutdated(tx, policy.playbooks, clock.now())
  })
  await forEachFiring(ports, null, async (page) => {
    await store.transaction('rematch', (tx) => rematchPage(tx, page, policy, ports))
  })
  await lookAgain(ports, (tx, before, limit) => {
    return tx.incidents({ states: quietStates, limit, ...(before !== undefined && { before }) })
  })
}

async function rematchPage(tx: Tx, page: readonly AlertRecord[], policy: Policy, ports: RematchPorts): Promise<void> {
  const { clock, newId } = ports
  const now = clock.now()
  for (const seen of page) {
    const [record] = await tx.alerts(seen.source, [seen.fingerprint])
    if (record?.status !== 'firing' || record.rulesRevision === policy.revision) continue
    const routing = await routeAlert(policy, record, now)
    const routed = withRouting(record, routing, policy)
    await tx.saveAlerts([routed])
    if (routed.decision !== record.decision || routed.playbooks.join() !== record.playbooks.join()) {
      await tx.append([changedEvent(routed, `the rules changed: ${routing.reason}`, now)])
    }
    for (const destination of routing.destinations) {
      const latest = await tx.latestIncident(destination.playbook.name, destination.target)
      if (staysEnded(record, destination.playbook, latest)) continue
      const events = (await attachAlerts(tx, [{ destination, record: routed }], { now, newId })).flat()
      await tx.append(events)
      await afterArrivals(tx, events, ports)
    }
  }
}

/**
 * An alert whose incident has ended under the same playbook stays ended: only a new match opens one. What was refused gets
 * another look, because the rules or the configuration that refused it are what has changed.
 */
function staysEnded({ playbooks }: AlertRecord, { name }: Playbook, latest: Incident | null): boolean {
  return playbooks.includes(name) && latest?.state === 'closed' && latest.ending !== 'refused'
}

const quietStates: readonly Incident['state'][] = ['open', 'waiting', 'awaiting_approval', 'holding', 'handed_over']
