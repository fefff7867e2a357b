import type { JsonObject } from '../../domain/json.ts'
import { afterStorm, type StormRecord } from '../../domain/storm.ts'
import { HeparError } from '../errors.ts'
import type { Store } from '../ports.ts'
import { moveStorm, type StormPorts, tellOf } from './watch-storm.ts'

/** Ends a storm on a person's word; the incidents so far count for no other. Throws `conflict` when there is none. */
export async function releaseStorm(
  by: string,
  reason: string,
  ports: StormPorts & { readonly store: Store },
): Promise<StormRecord> {
  return ports.store.transaction('storm', async (tx) => {
    const now = ports.clock.now()
    const present = await moveStorm(tx, ports)
    const { storm } = present
    if (storm === null) throw new HeparError('conflict', 'there is no storm that could be released')
    const { number, since, latches } = storm
    const body: JsonObject = { storm: number, since: new Date(since).toISOString(), latches, by, reason }
    await tx.append([{ type: 'storm.released', at: now, actor: by, body }])
    await tellOf(tx, 'storm.released', body, ports)
    const countedAfter = (await tx.auditHead()).seq
    const record: StormRecord = { storm: null, last: afterStorm(present, storm, now), countedAfter }
    await tx.setStormRecord(record)
    return record
  })
}
