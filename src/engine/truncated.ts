import type { Delivery } from '../domain/alert.ts'
import { digestOf } from './digest.ts'
import { messageOf } from './errors.ts'
import type { Log, Sources } from './ports.ts'
import { type ReceivePorts, receive } from './receive.ts'

export type TruncatedPorts = ReceivePorts & { readonly sources: Sources; readonly log: Log }

/** Deliveries that Alertmanager cut, until the rest of each has been fetched from it and decided. */
export interface Truncated {
  complete(delivery: Delivery): Promise<void>
  /** Tries again what could not be fetched before. */
  retry(): Promise<void>
}

/** Beyond it the oldest is given up, and comes with Alertmanager's next repeat. */
const waitingMax = 1_000

export function createTruncated(ports: TruncatedPorts): Truncated {
  const waiting = new Map<string, Delivery>()

  async function complete(delivery: Delivery): Promise<void> {
    const { source, receiver, groupKey, groupLabels } = delivery
    const key = digestOf([source, receiver, groupKey, groupLabels])
    const reason = await fetchRest(delivery, ports).catch(messageOf)
    waiting.delete(key)
    if (reason === null) return
    ports.log.warn({ source, reason }, 'a truncated delivery could not be completed, it is tried again')
    const [oldest] = waiting.keys()
    if (oldest !== undefined && waiting.size >= waitingMax) waiting.delete(oldest)
    waiting.set(key, delivery)
  }

  return {
    complete,
    async retry() {
      for (const delivery of [...waiting.values()]) await complete(delivery)
    },
  }
}

/** Decides what the source has beyond a delivery of the same group; the reason where it cannot be asked. */
async function fetchRest(delivery: Delivery, ports: TruncatedPorts): Promise<string | null> {
  const listed = await ports.sources.list(delivery.source, delivery.receiver)
  if (!listed.ok) return listed.reason
  const delivered = new Set(delivery.alerts.flatMap((parsed) => (parsed.ok ? [parsed.alert.fingerprint] : [])))
  const group = Object.entries(delivery.groupLabels)
  const rest = listed.alerts.filter(
    ({ fingerprint, labels }) => !delivered.has(fingerprint) && group.every(([name, value]) => labels[name] === value),
  )
  if (rest.length === 0) return null
  const alerts = rest.map((alert) => ({ ok: true, alert }) as const)
  const digest = digestOf(rest.map(({ fingerprint, startsAt }) => [fingerprint, startsAt]))
  await receive({ ...delivery, alerts, digest, truncatedAlerts: 0, via: 'reconcile' }, 'reconcile', ports)
  return null
}
