import type { Alert, Remainder } from '../../domain/alert.ts'
import { digestOf } from '../digest.ts'
import { messageOf } from '../errors.ts'
import type { Sources, Store } from '../ports.ts'
import { type ReceivePorts, receive } from './receive.ts'

export type TruncatedPorts = ReceivePorts & { readonly store: Store; readonly sources: Sources }

/** Fetches and decides what Alertmanager cut from deliveries, of this life of the process and of earlier ones. What cannot be fetched waits on. */
export async function completeWaiting(ports: TruncatedPorts): Promise<void> {
  const waiting = await ports.store.read.remainders()
  // One list serves all groups of a receiver, so that a source which does not answer is waited for once.
  const byList = Map.groupBy(waiting, ({ source, receiver }) => digestOf([source, receiver]))
  for (const rests of byList.values()) await complete(rests[0] as Remainder, rests, ports)
}

async function complete(
  { source, receiver }: Pick<Remainder, 'source' | 'receiver'>,
  rests: readonly Remainder[],
  ports: TruncatedPorts,
): Promise<void> {
  const { store, sources, log } = ports
  const about = { source, receiver, count: rests.length }
  try {
    if (!sources.names().includes(source)) {
      await store.transaction('rest', async (tx) => {
        for (const { id } of rests) await tx.removeRemainder(id)
      })
      return log.warn(about, 'truncated deliveries are given up, their source is not in the configuration')
    }
    const listed = await sources.list(source, receiver)
    if (!listed.ok) return log.warn({ ...about, reason: listed.reason }, tryAgain)
    for (const rest of rests) await decideRest(rest, listed.alerts, ports)
  } catch (error) {
    log.warn({ ...about, reason: messageOf(error) }, tryAgain)
  }
}

const tryAgain = 'truncated deliveries could not be completed, they are tried again'

/** Decides the whole group: for what came with the delivery that is a repeat, and harmless. */
async function decideRest(rest: Remainder, listed: readonly Alert[], ports: TruncatedPorts): Promise<void> {
  const { id: _, group: __, ...envelope } = rest
  const wanted = Object.entries(rest.groupLabels)
  const alerts = listed.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value))
  const delivery = {
    ...envelope,
    externalURL: '',
    truncatedAlerts: 0,
    alerts: alerts.map((alert) => ({ ok: true, alert }) as const),
    digest: digestOf(alerts.map(({ fingerprint, startsAt }) => [fingerprint, startsAt])),
    via: 'reconcile',
  } as const
  await receive(delivery, 'reconcile', ports, rest)
}
