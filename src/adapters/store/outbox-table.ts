import { type RawBuilder, sql } from 'kysely'
import type { JsonObject } from '../../domain/json.ts'
import { type OutboxMessage, subjectOf, type Told } from '../../domain/message.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type OutboxRow = StoreTables['outbox']

const isWaiting: RawBuilder<boolean> = sql<boolean>`sent_at is null and gave_up_at is null`

/** A story has few chapters; who tells more of one incident than this tells it anew. */
const toldMax = 100

export function outboxReads(db: StoreDb): Pick<Reads, 'outboxDue' | 'told' | 'channelsToldOf'> {
  const channels = prepared(db, db.selectFrom('outbox').select('channel').distinct().where(isWaiting))
  const from = (condition: '<=' | '>') =>
    prepared(
      db,
      db
        .selectFrom('outbox')
        .selectAll()
        .where(isWaiting)
        .where('channel', '=', text)
        .where('next_at', condition, integer)
        // Of one story only the oldest part that has not been told.
        .where(sql<boolean>`not exists (
          select 1 from outbox e where e.subject = outbox.subject and e.subject <> '' and e.channel = outbox.channel
            and e.rowid < outbox.rowid and e.sent_at is null and e.gave_up_at is null)`)
        .orderBy('next_at')
        .orderBy(sql`rowid`)
        .limit(integer),
    )
  const [due, beyond] = [from('<='), from('>')]
  return {
    async outboxDue(now, perChannelMax, waitsUntilMax = Number.MAX_SAFE_INTEGER) {
      const found: OutboxMessage[] = []
      for (const { channel } of await channels()) {
        const come = await due(channel, now, perChannelMax)
        const odd = await beyond(channel, waitsUntilMax, perChannelMax - come.length)
        found.push(...[...come, ...odd].map(toMessage))
      }
      return found
    },
    ...stories(db),
  }
}

const toldOf = `
  select json_extract(body, '$.event') as event, json_extract(body, '$.planDigest') as planDigest, receipt from outbox
  where subject = ? and subject <> '' and channel = ? and sent_at is not null and receipt is not null
  order by rowid limit ${toldMax}`

// The row with the highest rowid of each channel gives the event: whether somebody was called last, or told of the end.
const lastCalled = `
  select channel, json_extract(body, '$.event') as event, max(rowid) as latest from outbox
  where subject = ? and subject <> ''
    and json_extract(body, '$.event') in ('incident.handed_over', 'approval.asked', 'incident.closed')
  group by channel`

function stories({ sqlite }: StoreDb): Pick<Reads, 'told' | 'channelsToldOf'> {
  return {
    told: async (subject, channel) => sqlite.prepare(toldOf).all([subject, channel]) as unknown as readonly Told[],
    async channelsToldOf(incident) {
      const last = sqlite.prepare(lastCalled).all([incident]) as unknown as { channel: string; event: string }[]
      return last.filter(({ event }) => event !== 'incident.closed').map(({ channel }) => channel)
    },
  }
}

const places: OutboxRow = {
  id: text,
  dedupe_key: text,
  incident: text,
  channel: text,
  body: text,
  created_at: integer,
  tries: integer,
  next_at: integer,
  sent_at: integer,
  gave_up_at: integer,
  last_error: text,
  subject: text,
  receipt: text,
}

export function outboxWrites(db: StoreDb): Pick<Tx, 'enqueue' | 'saveMessage'> {
  const insert = preparedWrite(
    db,
    db
      .insertInto('outbox')
      .values(places)
      .onConflict((conflict) => conflict.column('dedupe_key').doNothing()),
  )
  const progress = {
    tries: integer,
    next_at: integer,
    sent_at: integer,
    gave_up_at: integer,
    last_error: text,
    receipt: text,
  }
  const save = preparedWrite(db, db.updateTable('outbox').set(progress).where('id', '=', text))
  return {
    async enqueue(message) {
      const { id, dedupeKey, channel, createdAt, tries, nextAt, sentAt, gaveUpAt, lastError, receipt } = message
      const whose = [message.incident ?? '', channel, JSON.stringify(message.body)] as const
      const progress = [createdAt, tries, nextAt, sentAt, gaveUpAt, lastError] as const
      await insert(id, dedupeKey, ...whose, ...progress, subjectOf(message) ?? '', receipt)
    },
    async saveMessage({ id, tries, nextAt, sentAt, gaveUpAt, lastError, receipt }) {
      const saved = await save(tries, nextAt, sentAt, gaveUpAt, lastError, receipt, id)
      if (saved !== 1) throw new Error(`message ${id} is not in the outbox`)
    },
  }
}

function toMessage(row: OutboxRow): OutboxMessage {
  return {
    id: row.id,
    dedupeKey: row.dedupe_key,
    // The column has no place for nothing.
    incident: row.incident || null,
    channel: row.channel,
    body: JSON.parse(row.body) as JsonObject,
    createdAt: row.created_at,
    tries: row.tries,
    nextAt: row.next_at,
    sentAt: row.sent_at,
    gaveUpAt: row.gave_up_at,
    lastError: row.last_error,
    receipt: row.receipt,
  }
}
