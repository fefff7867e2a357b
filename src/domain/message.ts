import type { JsonObject } from './json.ts'

/** What people are told of. */
export const noticeEvents = [
  'incident.handed_over',
  'incident.closed',
  'approval.asked',
  'approval.decided',
  'storm.latched',
  'storm.released',
  'playbook.demoted',
] as const
export type NoticeEvent = (typeof noticeEvents)[number]

/** A message that must leave exactly once in effect: same `dedupeKey`, one row. */
export interface OutboxMessage {
  readonly id: string
  readonly dedupeKey: string
  /** `null` for what concerns no single incident. */
  readonly incident: string | null
  readonly channel: string
  /** `event` says what is told. */
  readonly body: JsonObject
  readonly createdAt: number
  readonly tries: number
  readonly nextAt: number
  readonly sentAt: number | null
  readonly gaveUpAt: number | null
  readonly lastError: string | null
}
