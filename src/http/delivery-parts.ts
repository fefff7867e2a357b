import type { Delivery, Labels, ParsedAlert } from '../domain/alert.ts'

/** Alerts in one part: as many as the event loop unpacks in a few milliseconds. */
const alertsPerPart = 250

/** A delivery on its way between two threads: its alerts as JSON, in parts. */
export interface PackedDelivery {
  readonly head: Omit<Delivery, 'alerts'>
  readonly parts: readonly Uint8Array<ArrayBuffer>[]
}

export function packDelivery({ alerts, ...head }: Delivery): PackedDelivery {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start < alerts.length; start += alertsPerPart) {
    parts.push(new TextEncoder().encode(JSON.stringify(alerts.slice(start, start + alertsPerPart))))
  }
  return { head, parts }
}

/** The same delivery again; other work of the event loop gets its turn between two parts. */
export async function unpackDelivery({ head, parts }: PackedDelivery): Promise<Delivery> {
  const alerts: ParsedAlert[] = []
  for (const part of parts) {
    for (const parsed of JSON.parse(new TextDecoder().decode(part)) as ParsedAlert[]) alerts.push(revived(parsed))
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { ...head, groupLabels: bare(head.groupLabels), alerts }
}

function revived(parsed: ParsedAlert): ParsedAlert {
  if (!parsed.ok) return parsed
  const { alert } = parsed
  return { ok: true, alert: { ...alert, labels: bare(alert.labels), annotations: bare(alert.annotations) } }
}

function bare(labels: Labels): Labels {
  return Object.assign(Object.create(null), labels)
}
