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
  'channel.tested',
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
  /** What the channel said of where the message lies, or `null`. */
  readonly receipt: string | null
}

/**
 * What a message belongs to, so that one thread tells one story: its incident, or else the storm that its body names;
 * `null` for what stands alone.
 */
export function subjectOf({ incident, body }: Pick<OutboxMessage, 'incident' | 'body'>): string | null {
  if (incident !== null) return incident
  const { storm } = body
  return typeof storm === 'number' || (typeof storm === 'string' && storm !== '') ? `storm:${storm}` : null
}

/** A message that a channel has accepted, as later ones about the same subject need to know it. */
export interface Told {
  readonly event: string
  readonly planDigest: string | null
  /** What the channel said of where the message lies; opaque to everybody else. */
  readonly receipt: string
}
