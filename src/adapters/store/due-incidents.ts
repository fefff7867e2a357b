import { sql } from 'kysely'
import type { Reads } from '../../engine/ports.ts'
import type { Lane } from '../../engine/turns/due.ts'
import { unpackUuid } from './packed.ts'
import { integer, prepared, type StoreDb, text } from './tables.ts'

// Written out as in the index, which serves only a condition that repeats its own words.
const lane = sql<string>`iif(state in ('open', 'waiting', 'awaiting_approval', 'handed_over'), playbook, '')`

/** Reads that cost as much as there are lanes and rows asked for, however many incidents are due. */
export function dueReads(db: StoreDb): Pick<Reads, 'due' | 'lanes' | 'nextDueAt' | 'dueFrom'> {
  const scheduled = db.selectFrom('incidents').where('due_at', 'is not', null)
  const firstLane = prepared(db, scheduled.select(lane.as('lane')).orderBy(lane).limit(sql.lit(1)))
  const laneAfter = prepared(
    db,
    scheduled.select(lane.as('lane')).where(lane, '>', text).orderBy(lane).limit(sql.lit(1)),
  )
  const ofLane = scheduled.where(lane, '=', text).orderBy('due_at')
  const dueOf = prepared(
    db,
    ofLane.select(['id', 'due_at']).where('due_at', '<=', integer).orderBy('key').limit(integer),
  )
  const nextOf = prepared(db, ofLane.select('due_at').limit(sql.lit(1)))

  const some = ofLane.select('due_at').where('due_at', '>=', integer).limit(integer)
  const countFrom = prepared(db, db.selectFrom(some.as('some')).select(db.fn.countAll<number>().as('count')))

  async function names(): Promise<readonly string[]> {
    const found: string[] = []
    for (let [row] = await firstLane(); row !== undefined; [row] = await laneAfter(row.lane)) found.push(row.lane)
    return found
  }

  async function lanes(now: number, limit: number): Promise<readonly Lane[]> {
    const found: Lane[] = []
    for (const name of await names()) {
      const rows = await dueOf(name, now, limit)
      const due = rows.map(({ id, due_at }) => ({ id: unpackUuid(id), dueAt: due_at as number }))
      if (due.length > 0) found.push({ playbook: name === '' ? null : name, due })
    }
    return found
  }

  return {
    lanes,
    dueFrom: async (playbook, from, max) => (await countFrom(playbook, from, max))[0]?.count ?? 0,
    async due(now, limit) {
      const all = (await lanes(now, limit)).flatMap(({ due }) => due)
      return all
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map(({ id }) => id)
    },
    async nextDueAt() {
      let next: number | null = null
      for (const name of await names()) {
        const [row] = await nextOf(name)
        if (row?.due_at != null && (next === null || row.due_at < next)) next = row.due_at
      }
      return next
    },
  }
}
