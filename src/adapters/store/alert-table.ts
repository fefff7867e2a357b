import { type RawBuilder, sql } from 'kysely'
import type { AlertRecord, AlertStatus, DecisionKind, Labels } from '../../domain/alert.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { filled, integer, prepared, preparedBulk, type StoreDb, type StoreTables, sized, text } from './tables.ts'

type AlertRow = StoreTables['alerts']

const lookupMax = 512

// Written out, because a partial index serves only a condition that repeats its own words.
const isFiring: RawBuilder<boolean> = sql<boolean>`status = 'firing'`

export function alertReads(db: StoreDb): Pick<Reads, 'alerts' | 'firingAlerts' | 'alertsOf'> {
  const lookup = alertLookup(db)
  const firing = db.selectFrom('alerts').selectAll().where(isFiring).orderBy('source').orderBy('fingerprint')
  const firstPage = prepared(db, firing.limit(integer))
  const nextPage = prepared(db, firing.where(sql<boolean>`(source, fingerprint) > (${text}, ${text})`).limit(integer))
  const ofIncident = prepared(
    db,
    db
      .selectFrom('incident_alerts as attached')
      .innerJoin('alerts', (join) =>
        join.onRef('alerts.source', '=', 'attached.source').onRef('alerts.fingerprint', '=', 'attached.fingerprint'),
      )
      .selectAll('alerts')
      .where('attached.incident', '=', text)
      .orderBy('alerts.source')
      .orderBy('alerts.fingerprint'),
  )
  return {
    alerts: lookup,
    async firingAlerts({ after, limit }) {
      const rows = after ? await nextPage(after.source, after.fingerprint, limit) : await firstPage(limit)
      return rows.map(toRecord)
    },
    alertsOf: async (incident) => (await ofIncident(incident)).map(toRecord),
  }
}

/** Looks alerts up in lists of 1, 2, 4 … 512; a list is filled up with its last member, which finds nothing new. */
function alertLookup(db: StoreDb): Reads['alerts'] {
  const ofSize = sized(lookupMax, (size) => {
    const places = new Array<string>(size).fill(text)
    return prepared(
      db,
      db.selectFrom('alerts').selectAll().where('source', '=', text).where('fingerprint', 'in', places),
    )
  })
  return async (source, fingerprints) => {
    const found: AlertRecord[] = []
    for (let start = 0; start < fingerprints.length; start += lookupMax) {
      const chunk = fingerprints.slice(start, start + lookupMax)
      for (const row of await ofSize(chunk.length)(source, ...filled(chunk))) found.push(toRecord(row))
    }
    return found
  }
}

const columns = ['source', 'fingerprint', 'status', 'starts_at', 'last_seen_at', 'decision', 'data'] as const

export function alertWrites(db: StoreDb): Pick<Tx, 'saveAlerts'> {
  const upsert = preparedBulk(db, columns, (places: AlertRow[]) =>
    db
      .insertInto('alerts')
      .values(places)
      .onConflict((conflict) =>
        conflict.columns(['source', 'fingerprint']).doUpdateSet((row) => ({
          status: row.ref('excluded.status'),
          starts_at: row.ref('excluded.starts_at'),
          last_seen_at: row.ref('excluded.last_seen_at'),
          decision: row.ref('excluded.decision'),
          data: row.ref('excluded.data'),
        })),
      ),
  )
  return {
    saveAlerts: (records) =>
      upsert(records, (record, values) => {
        const { source, fingerprint, status, startsAt, lastSeenAt, decision, ...rest } = record
        values.push(source, fingerprint, status, startsAt, lastSeenAt, decision, JSON.stringify(rest))
      }),
  }
}

type Rest = Omit<AlertRecord, 'source' | 'fingerprint' | 'status' | 'startsAt' | 'lastSeenAt' | 'decision'>

function toRecord(row: AlertRow): AlertRecord {
  const rest = JSON.parse(row.data) as Rest
  return {
    ...rest,
    labels: bare(rest.labels),
    annotations: bare(rest.annotations),
    groupLabels: bare(rest.groupLabels),
    source: row.source,
    fingerprint: row.fingerprint,
    status: row.status as AlertStatus,
    startsAt: row.starts_at,
    lastSeenAt: row.last_seen_at,
    decision: row.decision as DecisionKind,
  }
}

// A label may be called `__proto__`: on an object without prototype it is a key like any other.
function bare(labels: Labels): Labels {
  return Object.assign(Object.create(null), labels)
}
