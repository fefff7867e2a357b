import type { ArrivalFilter, MassReads } from '../../engine/storm/mass-ports.ts'
import type { StoreDb } from './tables.ts'

/** The condition of the index, which serves only a query that repeats its own words. */
const isArrival = "type in ('incident.opened', 'incident.reopened')"

// Said by name: the planner would rather walk the log by number, or sort all events of a type.
const counted = `from audit indexed by audit_arrivals where ${isArrival} and at > ? and at < ? and seq > ?
  and playbook not in (select value from json_each(?))`
const newest = `select at ${counted} order by at desc limit 1 offset ?`
const total = `select count(*) as count ${counted}`
const most = (column: string) =>
  `select ${column} as name, count(*) as count ${counted} group by ${column} order by count(*) desc, ${column} limit ?`

/** Openings and reopenings of incidents, as the log has them. */
export function arrivalReads({ sqlite }: StoreDb): Pick<MassReads, 'arrivalAt' | 'arrivals'> {
  const named = (query: string, filter: ArrivalFilter, namesMax: number) =>
    sqlite.prepare(query).all([...bound(filter), namesMax]) as { name: string; count: number }[]
  return {
    async arrivalAt(filter, later) {
      const [row] = sqlite.prepare(newest).all([...bound(filter), later]) as { at: number }[]
      return row?.at ?? null
    },
    async arrivals(filter, namesMax) {
      const [row] = sqlite.prepare(total).all(bound(filter)) as { count: number }[]
      const playbooks = named(most('playbook'), filter, namesMax)
      const targets = named(most('target'), filter, namesMax)
      return {
        incidents: row?.count ?? 0,
        playbooks: playbooks.map(({ name, count }) => ({ playbook: name, incidents: count })),
        targets: targets.map(({ name, count }) => ({ target: name, incidents: count })),
      }
    },
  }
}

function bound({ from, until, after, except }: ArrivalFilter) {
  return [from, until, after, JSON.stringify(except)]
}
