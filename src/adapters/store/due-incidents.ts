import type { Reads } from '../../engine/ports.ts'
import type { Lane } from '../../engine/turns/due.ts'
import { type Packed, unpackUuid } from './packed.ts'
import type { StoreDb } from './tables.ts'

// Written out as in the index, which serves only a condition that repeats its own words.
const lane = "iif(state in ('open', 'waiting', 'awaiting_approval', 'handed_over'), playbook, '')"
const scheduled = 'from incidents where due_at is not null'

// From lane to lane through the index, in one statement: there may be thousands, and a query for each costs ten times as much.
const heads = `with recursive heads(lane) as (
  select * from (select ${lane} ${scheduled} order by 1 limit 1)
  union all
  select (select ${lane} ${scheduled} and ${lane} > heads.lane order by ${lane} limit 1) from heads where lane is not null
)`
const ofHead = `${scheduled} and ${lane} = heads.lane`
const earliest = `${heads} select min((select due_at ${ofHead} order by due_at limit 1)) as due_at from heads where lane is not null`
const dueByLane = `${heads} select heads.lane, id, due_at from heads
  join incidents on key in (select key ${ofHead} and due_at <= ? order by due_at limit ?) where heads.lane is not null`
const dueLater = `select count(*) as count from (select 1 ${scheduled} and ${lane} = ? and due_at >= ? limit ?)`

interface DueRow {
  readonly lane: string
  readonly id: Packed
  readonly due_at: number
}

/** Reads that cost as much as there are lanes and rows asked for, however many incidents are due. */
export function dueReads({ sqlite }: StoreDb): Pick<Reads, 'due' | 'lanes' | 'nextDueAt' | 'dueFrom'> {
  async function lanes(now: number, limit: number): Promise<readonly Lane[]> {
    const byLane = Map.groupBy(sqlite.all<DueRow>(dueByLane, now, limit), (row) => row.lane)
    return [...byLane].map(([name, rows]) => ({
      playbook: name === '' ? null : name,
      // The rows of a lane come by key.
      due: rows.map(({ id, due_at }) => ({ id: unpackUuid(id), dueAt: due_at })).sort((a, b) => a.dueAt - b.dueAt),
    }))
  }

  return {
    lanes,
    dueFrom: async (playbook, from, max) => sqlite.all<{ count: number }>(dueLater, playbook, from, max)[0]?.count ?? 0,
    async due(now, limit) {
      const all = (await lanes(now, limit)).flatMap(({ due }) => due)
      return all
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map(({ id }) => id)
    },
    nextDueAt: async () => sqlite.all<{ due_at: number | null }>(earliest)[0]?.due_at ?? null,
  }
}
