import type { AuthFailure } from '../domain/token.ts'
import type { MetricsDoor } from '../http/parts.ts'

interface Counted {
  readonly registry: { readonly contentType: string; metrics(): Promise<string> }
  readonly deliveries: { inc(labels: { readonly code: string }): void }
  readonly deliveryDuration: { observe(seconds: number): void }
  readonly authFailures: { inc(labels: { readonly reason: AuthFailure }): void }
}

/** What HTTP does with the metrics: shows them, and counts what no audit event says. */
export function metricsDoor({ registry, deliveries, deliveryDuration, authFailures }: Counted): MetricsDoor {
  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    countAuthFailure: (reason) => authFailures.inc({ reason }),
    observeDelivery: (code, seconds) => {
      deliveries.inc({ code: String(code) })
      deliveryDuration.observe(seconds)
    },
  }
}
