import type { Json } from '../../src/domain/json.ts'

interface Event {
  readonly type: string
  readonly body: Readonly<Record<string, unknown>> | null
}

/** One decision as a delivery's event has it. */
export interface Decided {
  readonly fingerprint: string | null
  readonly decision: string
  readonly alertname?: string | null
  readonly episode?: string
  readonly reason?: string
  readonly playbooks?: readonly string[]
  readonly [more: string]: Json | undefined
}

/** Every decision that is recorded, in order; what only repeats is not among them. */
export function decidedIn(events: readonly Event[]): readonly Decided[] {
  return events.flatMap(({ type, body }) =>
    type === 'delivery.received' ? ((body?.decided ?? []) as readonly Decided[]) : [],
  )
}
