import { type RawBuilder, type Selectable, sql } from 'kysely'
import { type AlertRecord, type AlertStatus, asLabels, type DecisionKind, type Labels } from '../../domain/alert.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { packFingerprint, packUuid, unpackFingerprint, unpackUuid } from './packed.ts'
import { filled, integer, prepared, preparedBulk, type StoreDb, type StoreTables, sized, text } from './tables.ts'

type AlertRow = Selectable<StoreTables['alerts']>
type FoundRow = AlertRow & { readonly url: string | null }

const lookupMax = 512

// Written out, because a partial index serves only a condition that repeats its own words.
const isFiring: RawBuilder<boolean> = sql<boolean>`status = 'firing'`

export function alertReads(db: StoreDb): Pick<Reads, 'alerts' | 'firingAlerts' | 'alertsOf'> {
  const lookup = alertLookup(db)
  const firing = prepared(
    db,
    found(db).where(isFiring).where('alerts.key', '>', integer).orderBy('alerts.key').limit(integer),
  )
  const ofIncident = prepared(
    db,
    found(db)
      .innerJoin('incident_alerts as attached', 'attached.alert', 'alerts.key')
      .innerJoin('incidents', 'incidents.key', 'attached.incident')
      .where('incidents.id', '=', text)
      .orderBy('alerts.key'),
  )
  return {
    alerts: lookup,
    async firingAlerts({ after = 0, limit }) {
      const rows = await firing(after, limit + 1)
      const page = rows.slice(0, limit)
      return { records: page.map(toRecord), next: rows.length > limit ? (page.at(-1)?.key ?? null) : null }
    },
    alertsOf: async (incident) => (await ofIncident(packUuid(incident))).map(toRecord),
  }
}

function found(db: StoreDb) {
  return db
    .selectFrom('alerts')
    .leftJoin('generators', 'generators.key', 'alerts.generator')
    .selectAll('alerts')
    .select('generators.url')
}

/** Looks alerts up in lists of 1, 2, 4 … 512; a list is filled up with its last member, which finds nothing new. */
function alertLookup(db: StoreDb): Reads['alerts'] {
  const ofSize = sized(lookupMax, (size) => {
    const places = new Array<string>(size).fill(text)
    return prepared(db, found(db).where('source', '=', text).where('fingerprint', 'in', places))
  })
  return async (source, fingerprints) => {
    const found: AlertRecord[] = []
    for (let start = 0; start < fingerprints.length; start += lookupMax) {
      const chunk = fingerprints.slice(start, start + lookupMax).map(packFingerprint)
      for (const row of await ofSize(chunk.length)(source, ...filled(chunk))) found.push(toRecord(row))
    }
    return found
  }
}

const columns = [
  'source',
  'fingerprint',
  'status',
  'starts_at',
  'first_seen_at',
  'last_seen_at',
  'decision',
  'episode',
  'receiver',
  'rules_revision',
  'generator',
  'data',
] as const

export function alertWrites(db: StoreDb): Pick<Tx, 'saveAlerts'> {
  const upsert = preparedBulk(db, columns, (places: AlertRow[]) =>
    db
      .insertInto('alerts')
      .values(places)
      .onConflict((conflict) =>
        conflict
          .columns(['source', 'fingerprint'])
          .doUpdateSet((row) =>
            Object.fromEntries(columns.slice(2).map((column) => [column, row.ref(`excluded.${column}`)])),
          ),
      ),
  )
  const generatorsOf = generatorKeys(db)
  return {
    async saveAlerts(records) {
      const generators = await generatorsOf(records)
      await upsert(records, (record, values) => {
        const {
          source,
          fingerprint,
          status,
          startsAt,
          firstSeenAt,
          lastSeenAt,
          decision,
          episode,
          receiver,
          rulesRevision,
        } = record
        values.push(source, packFingerprint(fingerprint), status, startsAt, firstSeenAt, lastSeenAt, decision)
        const generator = generators.get(record.generatorURL) ?? null
        values.push(packUuid(episode), receiver, rulesRevision, generator, JSON.stringify(restOf(record, generator)))
      })
    },
  }
}

/** Beyond it, as where every alert has a URL of its own, they stay with their alerts. */
const generatorsMax = 10_000

/** The keys of the generator URLs of some alerts; a URL that has none yet gets one, while there is room. */
function generatorKeys(db: StoreDb) {
  const known = prepared(db, db.selectFrom('generators').select('key').where('url', '=', text))
  const last = prepared(
    db,
    db.selectFrom('generators').select((all) => all.fn.max('key').as('key')),
  )
  const add = prepared(db, db.insertInto('generators').values({ url: text }).returning('key'))
  return async (records: readonly AlertRecord[]): Promise<ReadonlyMap<string, number>> => {
    const keys = new Map<string, number>()
    for (const url of new Set(records.map(({ generatorURL }) => generatorURL))) {
      if (url === '') continue
      const [row] = await known(url)
      const isFull = row === undefined && ((await last())[0]?.key ?? 0) >= generatorsMax
      const key = row?.key ?? (isFull ? undefined : (await add(url))[0]?.key)
      if (key !== undefined) keys.set(url, key)
    }
    return keys
  }
}

/** What most alerts of a storm have in common is left out of `data`. */
function restOf(record: AlertRecord, generator: number | null) {
  const { labels, annotations, generatorURL, groupLabels, playbooks, reason } = record
  const { resolvedAt, resolvedBy, resolvedConfirmed } = record
  return {
    labels,
    annotations,
    generatorURL: generatorURL === '' || generator !== null ? undefined : generatorURL,
    groupLabels: isEmpty(groupLabels) ? undefined : groupLabels,
    playbooks: playbooks.length === 0 ? undefined : playbooks,
    reason: reason === commonReason ? undefined : reason,
    resolvedAt: resolvedAt ?? undefined,
    resolvedBy: resolvedBy ?? undefined,
    resolvedConfirmed: resolvedConfirmed || undefined,
  }
}

const commonReason = 'no playbook matches'

type Rest = Pick<AlertRecord, 'labels' | 'annotations'> & Partial<AlertRecord>

function toRecord(row: FoundRow): AlertRecord {
  const rest = JSON.parse(row.data) as Rest
  return {
    labels: asLabels(rest.labels),
    annotations: asLabels(rest.annotations),
    generatorURL: row.url ?? rest.generatorURL ?? '',
    groupLabels: asLabels(rest.groupLabels ?? {}),
    playbooks: rest.playbooks ?? [],
    reason: rest.reason ?? commonReason,
    resolvedAt: rest.resolvedAt ?? null,
    resolvedBy: rest.resolvedBy ?? null,
    resolvedConfirmed: rest.resolvedConfirmed ?? false,
    source: row.source,
    fingerprint: unpackFingerprint(row.fingerprint),
    status: row.status as AlertStatus,
    startsAt: row.starts_at,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    decision: row.decision as DecisionKind,
    episode: unpackUuid(row.episode),
    receiver: row.receiver,
    rulesRevision: row.rules_revision,
  }
}

function isEmpty(labels: Labels): boolean {
  for (const _ in labels) return false
  return true
}
