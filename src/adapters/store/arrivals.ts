import type { ArrivalFilter, MassReads } from '../../engine/storm/mass-ports.ts'
import type { StoreDb } from './tables.ts'

/** The condition of the index, which serves only a query that repeats its own words. */
const isArrival = "type in ('incident.opened', 'incident.reopened')"

// Said by name: the planner would rather walk the log by number, or sort all events of a type.
const within = `from audit indexed by audit_arrivals where ${isArrival} and at > ? and at < ? and seq > ?`
const newest = `select at, playbook ${within} order by at desc`
const counted = `${within} and playbook not in (select value from json_each(?))`
const total = `select count(*) as count ${counted}`
const most = (column: string) =>
  `select ${column} as name, count(*) as count ${counted} group by ${column} order by count(*) desc, ${column} limit ?`

/** Openings and reopenings of incidents, as the log has them. */
export function arrivalReads({ sqlite }: StoreDb): Pick<MassReads, 'arrivalAt' | 'arrivals'> {
  const named = (query: string, filter: ArrivalFilter, namesMax: number) =>
    sqlite.prepare(query).all([...bound(filter), namesMax]) as { name: string; count: number }[]
  return {
    // One by one: a list of thousands of playbooks in the query would be read anew in each commit.
    async arrivalAt({ from, until, after, except }, later) {
      let left = later
      for (const row of sqlite.prepare(newest).iterate([from, until, after])) {
        const { at, playbook } = row as { at: number; playbook: string }
        if (except.has(playbook)) continue
        if (left === 0) return at
        left -= 1
      }
      return null
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
  return [from, until, after, JSON.stringify([...except])]
}
