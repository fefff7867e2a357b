import { sql } from 'kysely'
import type { JsonObject } from '../../domain/json.ts'
import type { OutboxMessage } from '../../domain/message.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type OutboxRow = StoreTables['outbox']

export function outboxReads(db: StoreDb): Pick<Reads, 'outboxDue'> {
  const due = prepared(
    db,
    db
      .selectFrom('outbox')
      .selectAll()
      .where(sql<boolean>`sent_at is null and gave_up_at is null`)
      .where('next_at', '<=', integer)
      .orderBy('next_at')
      .orderBy('id')
      .limit(integer),
  )
  return { outboxDue: async (now, limit) => (await due(now, limit)).map(toMessage) }
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
}

export function outboxWrites(db: StoreDb): Pick<Tx, 'enqueue' | 'saveMessage'> {
  const insert = preparedWrite(
    db,
    db
      .insertInto('outbox')
      .values(places)
      .onConflict((conflict) => conflict.column('dedupe_key').doNothing()),
  )
  const progress = { tries: integer, next_at: integer, sent_at: integer, gave_up_at: integer, last_error: text }
  const save = preparedWrite(db, db.updateTable('outbox').set(progress).where('id', '=', text))
  return {
    async enqueue(message) {
      const { id, dedupeKey, incident, channel, createdAt, tries, nextAt, sentAt, gaveUpAt, lastError } = message
      const body = JSON.stringify(message.body)
      await insert(id, dedupeKey, incident ?? '', channel, body, createdAt, tries, nextAt, sentAt, gaveUpAt, lastError)
    },
    async saveMessage({ id, tries, nextAt, sentAt, gaveUpAt, lastError }) {
      const saved = await save(tries, nextAt, sentAt, gaveUpAt, lastError, id)
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
  }
}
