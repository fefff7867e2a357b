import recorded from './recorded/firing.json' with { type: 'json' }

type Labels = Readonly<Record<string, string>>

/** A request as Alertmanager sends it. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** A request recorded from a real Alertmanager, about these labels and with fresh times. */
export function freshDelivery(labels: Labels, summary: string, startsAt: Date): Delivery {
  const { host: _, 'content-length': __, ...headers } = recorded.headers
  const { body } = recorded
  const alertname = labels.alertname ?? ''
  const annotations = { summary }
  const fresh = { labels, annotations, startsAt: startsAt.toISOString(), fingerprint: fingerprintOf(labels) }
  return {
    headers,
    body: {
      ...body,
      alerts: body.alerts.map((alert) => ({ ...alert, ...fresh })),
      groupLabels: { alertname },
      commonLabels: labels,
      commonAnnotations: annotations,
      groupKey: `{}:{alertname="${alertname}"}`,
    },
  }
}

/** The fingerprint that Prometheus and Alertmanager give to labels: FNV-1a over names and values in order. */
export function fingerprintOf(labels: Labels): string {
  const separator = 0xff
  let hash = 0xcbf29ce484222325n
  const add = (byte: number) => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const text of [name, value]) {
      for (const byte of Buffer.from(text)) add(byte)
      add(separator)
    }
  }
  return hash.toString(16).padStart(16, '0')
}
