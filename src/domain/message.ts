import type { JsonObject } from './json.ts'

/** A message that must leave exactly once in effect: same `dedupeKey`, one row. */
export interface OutboxMessage {
  readonly id: string
  readonly dedupeKey: string
  readonly incident: string
  readonly channel: string
  readonly body: JsonObject
  readonly createdAt: number
  readonly tries: number
  readonly nextAt: number
  readonly sentAt: number | null
  readonly gaveUpAt: number | null
  readonly lastError: string | null
}
