import { createHash } from 'node:crypto'

export interface WrittenAlert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
  readonly fingerprint: string
}

/** A firing alert as Alertmanager writes it; its fingerprint follows from its labels. */
export function writtenAlert(labels: Readonly<Record<string, string>>, more: Partial<WrittenAlert> = {}): WrittenAlert {
  return {
    status: 'firing',
    labels,
    annotations: {},
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example/graph',
    fingerprint: createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 16),
    ...more,
  }
}

/** The body of a webhook, version 4. */
export function writtenDelivery(alerts: readonly unknown[], more: Readonly<Record<string, unknown>> = {}) {
  return {
    version: '4',
    receiver: 'hepar',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    status: 'firing',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example:9093',
    alerts,
    ...more,
  }
}

export interface Answered {
  readonly decisions: readonly {
    readonly fingerprint: string | null
    readonly decision: string
    readonly reason: string
    readonly playbooks: readonly string[]
  }[]
}
