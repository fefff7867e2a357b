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
  readonly reason?: string
  readonly playbooks?: readonly string[]
  readonly [more: string]: Json | undefined
}

type Alike = Omit<Decided, 'fingerprint'> & {
  readonly fingerprints: readonly (string | null)[]
  readonly decision: string
}

/** Every decision that is recorded, in order; what only repeats is not among them. */
export function decidedIn(events: readonly Event[]): readonly Decided[] {
  return events
    .filter(({ type }) => type === 'delivery.received')
    .flatMap(({ body }) => (body?.decided ?? []) as readonly Alike[])
    .flatMap(({ fingerprints, ...decision }) => fingerprints.map((fingerprint) => ({ fingerprint, ...decision })))
}
