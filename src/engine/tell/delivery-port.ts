import type { JsonObject } from '../../domain/json.ts'
import type { Told } from '../../domain/message.ts'

/** A message on its way to a channel. */
export interface Outgoing {
  readonly channel: string
  readonly idempotencyKey: string
  /** What it belongs to, or `null`; what was told of that before is in `earlier`, oldest first. */
  readonly subject: string | null
  readonly body: JsonObject
  readonly createdAt: number
  readonly earlier: readonly Told[]
}

export type Delivered =
  | { readonly ok: true; readonly receipt?: string }
  /** `retryAfterMs`: how long the channel itself wants to be left alone. */
  | { readonly ok: false; readonly retry: boolean; readonly reason: string; readonly retryAfterMs?: number }

/** Sends one outbox message. The receiver gets `idempotencyKey` to de-duplicate. Never throws, and is bounded in time. */
export type Deliver = (message: Outgoing) => Promise<Delivered>
