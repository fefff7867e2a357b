import { type RawBuilder, sql } from 'kysely'
import type { IncidentFilter } from '../../domain/filters.ts'
import { type Incident, type IncidentState, incidentStates, transitions } from '../../domain/incident.ts'
import { HeparError } from '../../engine/errors.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { dueReads } from './due-incidents.ts'
import { type IncidentRow, incidentColumns, pushIncident, toIncident, toRow } from './incident-row.ts'
import { packFingerprint, packUuid } from './packed.ts'
import { isUniqueViolation } from './sqlite.ts'
import {
  filled,
  integer,
  prepared,
  preparedBulk,
  preparedWrite,
  type StoreDb,
  type StoreTables,
  sized,
  text,
} from './tables.ts'

type IncidentReads = Pick<
  Reads,
  | 'incident'
  | 'latestIncident'
  | 'latestIncidents'
  | 'openIncidentsOf'
  | 'incidents'
  | 'openIncidentsOn'
  | 'waitingAt'
  | 'due'
  | 'lanes'
  | 'dueFrom'
  | 'nextDueAt'
  | 'incidentCounts'
>

// Written out, because a partial index serves only a condition that repeats its own words.
const isOpen: RawBuilder<boolean> = sql<boolean>`state <> 'closed'`
const isWaiting: RawBuilder<boolean> = sql<boolean>`state = 'waiting'`
const gateOfWaiting: RawBuilder<string> = sql<string>`json_extract(data, '$.waiting.gate')`
const isClosed: RawBuilder<boolean> = sql<boolean>`state = 'closed'`

export function incidentReads(db: StoreDb): IncidentReads {
  const all = db.selectFrom('incidents').selectAll()
  const ofTarget = all.where('playbook', '=', text).where('target', '=', text)
  const byId = prepared(db, all.where('id', '=', text))
  const open = prepared(db, ofTarget.where(isOpen))
  const closedLast = prepared(
    db,
    ofTarget.where(isClosed).orderBy('closed_at', 'desc').orderBy('key', 'desc').limit(sql.lit(1)),
  )
  const ofAlert = prepared(
    db,
    db
      .selectFrom('alerts')
      .innerJoin('incident_alerts as attached', 'attached.alert', 'alerts.key')
      .innerJoin('incidents', 'incidents.key', 'attached.incident')
      .selectAll('incidents')
      .where('alerts.source', '=', text)
      .where('alerts.fingerprint', '=', text)
      .where(isOpen)
      .orderBy('incidents.key'),
  )
  const openOn = prepared(db, all.where('target', '=', text).where(isOpen).orderBy('key'))
  const waitingAt = prepared(
    db,
    all
      .where(isWaiting)
      .where(gateOfWaiting, '=', text)
      .where('key', '<', integer)
      .orderBy('key', 'desc')
      .limit(integer),
  )
  const keyOfId = prepared(db, db.selectFrom('incidents').select('key').where('id', '=', text))
  const counts = prepared(
    db,
    db
      .selectFrom('incidents')
      .select(['state', db.fn.countAll<number>().as('count')])
      .groupBy('state'),
  )
  const first = (rows: readonly IncidentRow[]) => (rows[0] === undefined ? null : toIncident(rows[0]))
  return {
    incident: async (id) => first(await byId(packUuid(id))),
    latestIncident: async (playbook, target) =>
      first(await open(playbook, target)) ?? first(await closedLast(playbook, target)),
    latestIncidents: latestOfTargets(db),
    ...dueReads(db),
    openIncidentsOf: async (source, fingerprint) =>
      (await ofAlert(source, packFingerprint(fingerprint))).map(toIncident),
    incidents: async (filter) => (await newest(db, filter)).map(toIncident),
    async openIncidentsOn(targets) {
      const found: Incident[] = []
      for (const target of new Set(targets)) found.push(...(await openOn(target)).map(toIncident))
      return found
    },
    async waitingAt(gate, limit, before) {
      const [row] = before === undefined ? [] : await keyOfId(packUuid(before))
      return (await waitingAt(gate, row?.key ?? Number.MAX_SAFE_INTEGER, limit)).map(toIncident)
    },
    async incidentCounts() {
      const result = Object.fromEntries(incidentStates.map((state) => [state, 0])) as Record<IncidentState, number>
      for (const { state, count } of await counts()) result[state as IncidentState] = count
      return result
    },
  }
}

/** In lists of 1, 2, 4 … targets, each filled up with its last member, which finds nothing new. */
function latestOfTargets(db: StoreDb): Reads['latestIncidents'] {
  const open = sized(targetsMax, (size) => prepared(db, ofTargets(db, size).where(isOpen)))
  const closed = sized(targetsMax, (size) => {
    const ranked = ofTargets(db, size)
      .where(isClosed)
      .select(sql<number>`row_number() over (partition by target order by closed_at desc, key desc)`.as('place'))
    return prepared(db, db.selectFrom(ranked.as('ranked')).selectAll().where('place', '=', sql.lit(1)))
  })
  return async (playbook, targets) => {
    const found: Incident[] = []
    for (let start = 0; start < targets.length; start += targetsMax) {
      const chunk = targets.slice(start, start + targetsMax)
      const here = (await open(chunk.length)(playbook, ...filled(chunk))).map(toIncident)
      const missing = chunk.filter((target) => !here.some((incident) => incident.target === target))
      if (missing.length > 0) here.push(...(await closed(missing.length)(playbook, ...filled(missing))).map(toIncident))
      found.push(...here)
    }
    return found
  }
}

const targetsMax = 128

function ofTargets(db: StoreDb, size: number) {
  const places = new Array<string>(size).fill(text)
  return db.selectFrom('incidents').selectAll().where('playbook', '=', text).where('target', 'in', places)
}

/** One read per ending, each in the order of its index; asking for all of them at once would sort or scan the whole past. */
async function newest(db: StoreDb, filter: IncidentFilter): Promise<readonly IncidentRow[]> {
  const { endings, limit } = filter
  if (endings === undefined || endings.length < 2) return filtered(db, filter).execute()
  const found: IncidentRow[] = []
  for (const ending of new Set(endings)) found.push(...(await filtered(db, { ...filter, endings: [ending] }).execute()))
  return found.sort((a, b) => b.key - a.key).slice(0, limit)
}

function filtered(db: StoreDb, { states, endings, playbook, target, since, before, limit }: IncidentFilter) {
  let query = db.selectFrom('incidents').selectAll().orderBy('key', 'desc').limit(limit)
  if (states !== undefined) query = query.where(stateColumn(states), 'in', states)
  if (endings !== undefined) query = query.where('ending', 'in', endings)
  if (playbook !== undefined) query = query.where('playbook', '=', playbook)
  if (target !== undefined) query = query.where('target', '=', target)
  if (since !== undefined) query = query.where('opened_at', '>=', since)
  if (before !== undefined) query = query.where('key', '<', keyOf(before))
  return query
}

// The place of an incident that is no longer there is after the next older one.
function keyOf(id: string): RawBuilder<number> {
  return sql<number>`coalesce((select key from incidents where id = ${packUuid(id)}),
    (select key + 1 from incidents where id < ${packUuid(id)} order by id desc limit 1))`
}

// Few incidents are in any other state than closed: with closed among several, the newest are found sooner without the
// index of states, which would have to be sorted.
function stateColumn(states: readonly IncidentState[]): RawBuilder<string> {
  return states.length > 1 && states.includes('closed') ? sql<string>`coalesce(state, '')` : sql<string>`state`
}

const keyOfIncident = sql<number>`(select key from incidents where id = ${text})`
const keyOfAlert = sql<number>`(select key from alerts where source = ${text} and fingerprint = ${text})`

export function incidentWrites(db: StoreDb): Pick<Tx, 'openIncidents' | 'saveIncident' | 'attach'> {
  const insert = preparedBulk(db, incidentColumns, (places: IncidentRow[]) => db.insertInto('incidents').values(places))
  const attachAll = preparedBulk(db, ['incident', 'alert'], (places: StoreTables['incident_alerts'][]) =>
    db
      .insertInto('incident_alerts')
      .values(places.map(() => ({ incident: keyOfIncident, alert: keyOfAlert })))
      .onConflict((conflict) => conflict.doNothing()),
  )
  const saveAs = new Map(incidentStates.map((state) => [state, compareAndSave(db, state)]))
  const byId = prepared(db, db.selectFrom('incidents').select(['state', 'version']).where('id', '=', text))
  return {
    openIncidents: (incidents) => oneOpen(incidents, insert(incidents, pushIncident)),
    async saveIncident(incident) {
      const { id, state, ending, closedAt, dueAt, version, data } = toRow(incident)
      const save = saveAs.get(incident.state) as ReturnType<typeof compareAndSave>
      const saved = await oneOpen([incident], save(ending, closedAt, dueAt, version + 1, data, packUuid(id), version))
      if (saved === 1) return { ...incident, version: version + 1 }
      const stored = (await byId(packUuid(id)))[0]
      if (stored === undefined || stored.version !== version) {
        throw new HeparError('stale_write', `incident ${id} was changed by someone else: read it again`)
      }
      throw new Error(`incident ${id}: ${state} may not follow ${stored.state}`)
    },
    attach: (joins) =>
      attachAll(joins, ({ incident, source, fingerprint }, values) =>
        values.push(packUuid(incident), source, packFingerprint(fingerprint)),
      ),
  }
}

/** Saves only over the version that was read and only from a state that may lead to `state`. */
function compareAndSave(db: StoreDb, state: IncidentState) {
  const from = incidentStates.filter((earlier) => transitions[earlier].includes(state))
  return preparedWrite(
    db,
    db
      .updateTable('incidents')
      .set({ ending: text, closed_at: integer, due_at: integer, version: integer, data: text })
      .set({ state: sql.lit(state) })
      .where('id', '=', text)
      .where('version', '=', integer)
      .where(
        'state',
        'in',
        from.map((earlier) => sql.lit(earlier)),
      ),
  )
}

async function oneOpen<T>(incidents: readonly Incident[], write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (cause) {
    if (!isUniqueViolation(cause, 'incidents.playbook, incidents.target')) throw cause
    const places = incidents.map(({ playbook, target }) => `playbook ${playbook} on ${target}`)
    const message = `an incident of ${places.slice(0, 5).join(' or ')} is open already: read it again`
    throw new HeparError('stale_write', message, { cause })
  }
}
