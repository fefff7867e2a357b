import type { AlertRecord, Delivery, ParsedAlert } from '../../domain/alert.ts'
import type { Tx } from '../ports.ts'

/** What is known of the alerts of one transaction, and what it changed of that. */
export interface KnownAlerts {
  get(source: string, fingerprint: string): AlertRecord | undefined
  set(record: AlertRecord): void
  /** The latest record of each alert that was set. */
  changed(): readonly AlertRecord[]
}

interface Part {
  readonly delivery: Pick<Delivery, 'source'>
  readonly alerts: readonly ParsedAlert[]
}

/** Reads what the store has of every alert of these parts, with one look for each source. */
export async function knownAlerts(tx: Pick<Tx, 'alerts'>, parts: readonly Part[]): Promise<KnownAlerts> {
  const bySource = new Map<string, Map<string, AlertRecord>>()
  for (const [source, group] of Map.groupBy(parts, ({ delivery }) => delivery.source)) {
    const asked = new Set<string>()
    for (const { alerts } of group) for (const parsed of alerts) if (parsed.ok) asked.add(parsed.alert.fingerprint)
    const stored = asked.size === 0 ? [] : await tx.alerts(source, [...asked])
    bySource.set(source, new Map(stored.map((record) => [record.fingerprint, record])))
  }
  const changed = new Map<AlertRecord['source'], Map<string, AlertRecord>>()
  return {
    get: (source, fingerprint) => bySource.get(source)?.get(fingerprint),
    set(record) {
      bySource.get(record.source)?.set(record.fingerprint, record)
      const ofSource = changed.get(record.source) ?? new Map<string, AlertRecord>()
      changed.set(record.source, ofSource.set(record.fingerprint, record))
    },
    changed: () => [...changed.values()].flatMap((records) => [...records.values()]),
  }
}
