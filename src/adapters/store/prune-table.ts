import { sql } from 'kysely'
import type { PastEnds, PrunableEvents, PrunedRows } from '../../domain/retention.ts'
import type { Tx } from '../../engine/ports.ts'
import { gapWriter } from './gap-table.ts'
import { packUuid } from './packed.ts'
import { integer, prepared, preparedWrite, type StoreDb, text } from './tables.ts'

/** Removes what is over. What may still be asked about stays, whatever its age: see `incidentsBetween`. */
export function pruneWrites(db: StoreDb): Pick<Tx, 'removeEvents' | 'removePast'> {
  const addGap = gapWriter(db)
  const removeRun = preparedWrite(db, db.deleteFrom('audit').where('seq', '>=', integer).where('seq', '<=', integer))
  const isOpen = prepared(
    db,
    db.selectFrom('incidents').select('state').where('id', '=', text).where('state', '<>', sql.lit('closed')),
  )
  return {
    async removeEvents({ runs, count, incidents }: PrunableEvents) {
      for (const incident of incidents) if ((await isOpen(packUuid(incident))).length > 0) return false
      let removed = 0
      for (const run of runs) {
        await addGap(run)
        removed += await removeRun(run.from, run.to)
      }
      if (removed !== count) throw new Error(`${removed} events were removed instead of ${count}`)
      return true
    },
    removePast: pastRemover(db),
  }
}

interface Place {
  incidents: number
  alerts: number
  messages: number
}

/** In order of their ends, each call going on where the one before ended, so that what stays is not looked at again and again. */
function pastRemover({ sqlite }: StoreDb): Tx['removePast'] {
  const place: Place = { incidents: 0, alerts: 0, messages: 0 }
  return async (ends, rowsMax) => {
    const some = removeIncidents(ends, rowsMax)
    const alerts = removeAlerts(ends.alerts, rowsMax)
    const messages = removeMessages(ends.messages, rowsMax)
    const removed: PrunedRows = { ...some.removed, alerts: alerts.removed, messages: messages.removed }
    return { removed, more: some.more || alerts.more || messages.more }
  }

  function removeIncidents(ends: PastEnds, rowsMax: number) {
    const upTo = Math.max(ends.incidents, ends.attempts)
    const found = sqlite.all<{ place: number; closed_at: number; stays: number; tried: number }>(
      incidentsBetween,
      place.incidents,
      upTo,
      rowsMax,
    )
    const removed = { incidents: 0, attempts: 0 }
    for (const { place, closed_at, stays, tried } of found) {
      if (stays === 1 || closed_at >= (tried === 1 ? ends.attempts : ends.incidents)) continue
      removed.attempts += change(attemptsOf, place)
      change(approvalsOf, place)
      change(joinsOf, place)
      removed.incidents += change(incidentAt, place)
    }
    const more = found.length === rowsMax
    place.incidents = more ? (found.at(-1)?.closed_at ?? 0) + pastTies(removed.incidents) : 0
    return { removed, more }
  }

  function removeAlerts(before: number, rowsMax: number) {
    const found = sqlite.all<{ place: number; last_seen_at: number; stays: number }>(
      alertsBetween,
      place.alerts,
      before,
      rowsMax,
    )
    let removed = 0
    for (const row of found) if (row.stays === 0) removed += change(alertAt, row.place)
    const more = found.length === rowsMax
    place.alerts = more ? (found.at(-1)?.last_seen_at ?? 0) + pastTies(removed) : 0
    return { removed, more }
  }

  /** Whom an open incident called must hear how it ends, however long that takes. */
  function removeMessages(before: number, rowsMax: number) {
    const found = sqlite.all<{ place: number; created_at: number; incident: string }>(
      messagesBetween,
      place.messages,
      before,
      rowsMax,
    )
    let removed = 0
    for (const row of found) {
      const stays = sqlite.all(openIncident, packUuid(row.incident)).length > 0
      if (!stays) removed += change(messageAt, row.place)
    }
    const more = found.length === rowsMax
    place.messages = more ? (found.at(-1)?.created_at ?? 0) + pastTies(removed) : 0
    return { removed, more }
  }

  function change(statement: string, ...parameters: number[]): number {
    return Number(sqlite.prepare(statement).run(parameters).changes)
  }
}

// Many may end in one millisecond: while some of a page go, the same one is looked at again.
function pastTies(removed: number): number {
  return removed > 0 ? 0 : 1
}

/**
 * Closed incidents of a span of time. One stays while an alert of it still fires and it is the latest of its place, for it says
 * that this illness has ended already; and while an attempt of it is under way or its effect in force.
 */
const incidentsBetween = `
  select i.key as place, i.closed_at,
    exists (select 1 from attempts t where t.incident = i.id) as tried,
    exists (select 1 from attempts t where t.incident = i.id and (t.phase <> 'concluded' or t.in_force = 1))
    or (
      exists (
        select 1 from incident_alerts j join alerts a on a.key = j.alert
        where j.incident = i.key and a.status = 'firing')
      and not exists (
        select 1 from incidents n where n.playbook = i.playbook and n.target = i.target and n.key > i.key)
    ) as stays
  from incidents i where i.state = 'closed' and i.closed_at >= ? and i.closed_at < ? order by i.closed_at limit ?`

const attemptsOf = 'delete from attempts where incident = (select id from incidents where key = ?)'
const approvalsOf = 'delete from approvals where incident = (select id from incidents where key = ?)'
const joinsOf = 'delete from incident_alerts where incident = ?'
const incidentAt = 'delete from incidents where key = ?'

const alertsBetween = `
  select a.key as place, a.last_seen_at, exists (select 1 from incident_alerts j where j.alert = a.key) as stays
  from alerts a where a.status = 'resolved' and a.last_seen_at >= ? and a.last_seen_at < ? order by a.last_seen_at limit ?`
const alertAt = 'delete from alerts where key = ?'

const messagesBetween = `
  select rowid as place, created_at, incident from outbox
  where (sent_at is not null or gave_up_at is not null) and created_at >= ? and created_at < ? order by created_at limit ?`
const openIncident = "select 1 from incidents where id = ? and state <> 'closed'"
const messageAt = 'delete from outbox where rowid = ?'
