import type { JsonObject } from '../../domain/json.ts'
import type { NoticeEvent } from '../../domain/message.ts'
import type { NewId, Tx } from '../ports.ts'
import { boundedBody } from './bounded-body.ts'

/** Something that people are told, once on each of these channels. */
export interface Notice {
  readonly event: NoticeEvent
  /** Unique for what is told: a repeated transaction tells nothing twice. */
  readonly dedupeKey: string
  /** `null` for what concerns no single incident. */
  readonly incident: string | null
  readonly channels: readonly string[]
  /** What it is about, as data; each kind of channel makes its own words of it. */
  readonly body: JsonObject
}

/** Puts a notice into the outbox, in the commit that makes it true; the message leaves afterwards and delays nothing. */
export async function tell(
  tx: Pick<Tx, 'enqueue'>,
  { event, dedupeKey, incident, channels, body }: Notice,
  { now, newId }: { readonly now: number; readonly newId: NewId },
): Promise<void> {
  const said: JsonObject = { event, ...boundedBody(body) }
  for (const channel of new Set(channels)) {
    await tx.enqueue({
      id: newId(now),
      dedupeKey: `${dedupeKey}@${channel}`,
      incident,
      channel,
      body: said,
      createdAt: now,
      tries: 0,
      nextAt: now,
      sentAt: null,
      gaveUpAt: null,
      lastError: null,
      receipt: null,
    })
  }
}
