import type { Delivery, ParsedAlert, Remainder } from '../../domain/alert.ts'
import { hasCode } from '../errors.ts'
import type { Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { afterArrivals } from '../storm/watch-storm.ts'
import { createBatches } from './batches.ts'
import { type Decided, decideParsed } from './decide-parsed.ts'
import { deliveryEvent } from './delivery-event.ts'
import { follow } from './follow.ts'
import { knownAlerts } from './known-alerts.ts'
import { nothingPromised, type Promised, promiseRest } from './remainder.ts'

/** Alerts that are decided and committed together, whether of one delivery or of many; a larger delivery commits in parts. */
export const alertsPerCommitMax = 250

export interface AcceptPorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
}

/** Some alerts of one delivery, from index `from` on. */
export interface DeliveryPart {
  readonly delivery: Delivery
  readonly alerts: readonly ParsedAlert[]
  readonly from: number
  readonly by: string
  /** The last part promises to fetch what was cut from the delivery, and keeps the promise that the delivery completes. */
  readonly last: boolean
  readonly completes: Remainder | null
}

/** What became of one part, now that it is durable. */
export interface AcceptedPart {
  readonly decided: readonly Decided[]
  readonly promised: Promised
}

export type AcceptPart = (part: DeliveryPart) => Promise<AcceptedPart>

/** Decides parts of deliveries and resolves when they are durable. Those that wait at the same moment are one transaction. */
export function createAccept(ports: AcceptPorts): AcceptPart {
  return createBatches<DeliveryPart, AcceptedPart>(
    (take) => ports.store.transaction('receive', (tx) => acceptParts(tx, take(), ports)),
    {
      sizeOf: ({ alerts }) => Math.max(1, alerts.length),
      sizeMax: alertsPerCommitMax,
      mayDiffer: (error) => !hasCode(error, 'store_unavailable'),
    },
  )
}

/** Decides in order, each alert seeing what the ones before it changed, in its own delivery and in those before. */
async function acceptParts(
  tx: Tx,
  parts: readonly DeliveryPart[],
  ports: AcceptPorts,
): Promise<readonly AcceptedPart[]> {
  const deciding = { policy: ports.policy.current(), now: ports.clock.now(), newId: ports.newId }
  const { now, newId } = deciding
  const decided = await decideAll(tx, parts, deciding)
  const followed = await follow(tx, decided, deciding)
  const events = parts.flatMap(({ delivery, from, by }, index) => {
    const part = { from, of: delivery.alerts.length }
    return [deliveryEvent(delivery, part, decided[index] ?? [], { by, now }), ...(followed[index] ?? [])]
  })
  await tx.append(events)
  await afterArrivals(tx, events, ports)
  const accepted: AcceptedPart[] = []
  for (const [index, { delivery, last, completes }] of parts.entries()) {
    const promised = last ? await promiseRest(tx, delivery, newId(now)) : nothingPromised
    if (last && completes) await tx.removeRemainder(completes.id)
    accepted.push({ decided: decided[index] ?? [], promised })
  }
  return accepted
}

async function decideAll(
  tx: Tx,
  parts: readonly DeliveryPart[],
  deciding: Parameters<typeof decideParsed>[3],
): Promise<readonly (readonly Decided[])[]> {
  const known = await knownAlerts(tx, parts)
  const decided: Decided[][] = []
  for (const { delivery, alerts } of parts) {
    const done: Decided[] = []
    for (const parsed of alerts) {
      const before = parsed.ok ? known.get(delivery.source, parsed.alert.fingerprint) : undefined
      const next = await decideParsed(parsed, before, delivery, deciding)
      if (next.record) known.set(next.record)
      done.push(next)
    }
    decided.push(done)
  }
  const changed = known.changed()
  if (changed.length > 0) await tx.saveAlerts(changed)
  return decided
}
