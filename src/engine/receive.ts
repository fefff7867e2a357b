import type { AlertRecord, Decision, Delivery, ParsedAlert, Remainder } from '../domain/alert.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import { attachAlerts } from './attach.ts'
import { type Decided, decideParsed } from './decide-parsed.ts'
import { deliveryEvent } from './delivery-event.ts'
import type { Clock, Log, NewId, PolicyHolder, Store, Tx } from './ports.ts'
import { type Promised, promiseRest } from './remainder.ts'

/** Alerts of one delivery that are decided and committed together; a larger delivery commits in parts. */
const alertsPerCommitMax = 250

export interface ReceivePorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly log: Log
}

/** What `receive` decided, the alerts whose true state only their source knows, and what Alertmanager cut. */
export interface Received {
  readonly decisions: readonly Decision[]
  readonly askSource: readonly string[]
  readonly rest: Remainder | null
}

/**
 * Decides every alert of a delivery and commits, with one event for each part; the last part also promises to fetch what
 * was cut from it. `completes` is the promise that this delivery keeps.
 */
export async function receive(
  delivery: Delivery,
  by: string,
  ports: ReceivePorts,
  completes: Remainder | null = null,
): Promise<Received> {
  const all: Decided[] = []
  let promised: Promised = { rest: null, givenUp: 0 }
  for (let start = 0; start === 0 || start < delivery.alerts.length; start += alertsPerCommitMax) {
    const alerts = delivery.alerts.slice(start, start + alertsPerCommitMax)
    const part = { from: start, of: delivery.alerts.length }
    const last = start + alertsPerCommitMax >= delivery.alerts.length
    const decided = await ports.store.transaction('receive', async (tx) => {
      const now = ports.clock.now()
      const done = await decidePart(tx, alerts, delivery, now, ports)
      const followed = await follow(tx, done, { now, newId: ports.newId })
      await tx.append([deliveryEvent(delivery, part, done, { by, now }), ...followed])
      if (last) promised = await promiseRest(tx, delivery, ports.newId(now))
      if (last && completes) await tx.removeRemainder(completes.id)
      return done
    })
    all.push(...decided)
  }
  const { rest, givenUp } = promised
  if (givenUp > 0) ports.log.warn({ count: givenUp }, 'too many truncated deliveries wait, the oldest are given up')
  return {
    rest,
    decisions: all.map(({ decision }) => decision),
    askSource: all.flatMap(({ askSource, decision }) =>
      askSource && decision.fingerprint ? [decision.fingerprint] : [],
    ),
  }
}

/** Decides in order, each alert seeing what the ones before it in the same delivery changed. */
async function decidePart(
  tx: Tx,
  part: readonly ParsedAlert[],
  delivery: Delivery,
  now: number,
  { policy: holder, newId }: ReceivePorts,
): Promise<readonly Decided[]> {
  const policy = holder.current()
  const fingerprints = part.flatMap((parsed) => (parsed.ok ? [parsed.alert.fingerprint] : []))
  const stored = fingerprints.length === 0 ? [] : await tx.alerts(delivery.source, [...new Set(fingerprints)])
  const known = new Map(stored.map((record) => [record.fingerprint, record]))
  const changed = new Map<string, AlertRecord>()
  const done: Decided[] = []
  for (const parsed of part) {
    const before = parsed.ok ? known.get(parsed.alert.fingerprint) : undefined
    const decided = await decideParsed(parsed, before, delivery, { policy, now, newId })
    if (decided.record) {
      known.set(decided.record.fingerprint, decided.record)
      changed.set(decided.record.fingerprint, decided.record)
    }
    done.push(decided)
  }
  if (changed.size > 0) await tx.saveAlerts([...changed.values()])
  return done
}

/** What follows from the decisions: incidents opened, joined or told that an alert is over. */
async function follow(
  tx: Tx,
  done: readonly Decided[],
  { now, newId }: { readonly now: number; readonly newId: NewId },
): Promise<readonly NewAuditEvent[]> {
  const fresh = done.filter(({ decision }) => decision.decision !== 'duplicate')
  const arrivals = fresh.flatMap(({ record, routing }) =>
    record === null ? [] : (routing?.destinations ?? []).map((destination) => ({ destination, record })),
  )
  const events = await attachAlerts(tx, arrivals, { now, newId })
  for (const { record } of fresh) if (record?.status === 'resolved') await lookAtIncidentsOf(tx, record, now)
  return events.flat()
}

/** Makes the quiet incidents of an alert due at once; an effect or a verification looks by itself. */
export async function lookAtIncidentsOf(tx: Tx, record: AlertRecord, now: number): Promise<void> {
  for (const incident of await tx.openIncidentsOf(record.source, record.fingerprint)) {
    if (incident.state === 'acting' || incident.state === 'verifying') continue
    await tx.saveIncident({ ...incident, dueAt: now, updatedAt: now })
  }
}
