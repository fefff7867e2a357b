import { readAuditKeys } from '../../../src/adapters/store/audit-key.ts'
import type { AuditKeys } from '../../../src/adapters/store/chain.ts'
import type { AuditHead } from '../../../src/domain/audit.ts'
import { day, pruneAll } from '../../kit/pruning.ts'
import { openIn, temporaryFolder } from './open-store.ts'
import { noon, placeIn, sampleEvent, sampleIncident } from './samples.ts'

export interface PrunedLog {
  readonly file: string
  readonly keys: AuditKeys
  /** What was there before anything was pruned: heads after each event, oldest first. */
  readonly heads: readonly AuditHead[]
  readonly head: AuditHead
}

/**
 * A closed log of 40 events, one a day, of which those older than 20 days were pruned: all but the third to fifth and the
 * twelfth, which belong to an incident that is open.
 */
export async function prunedLog(folder = temporaryFolder()): Promise<PrunedLog> {
  const { file, keyFile } = placeIn(folder)
  const store = await openIn(folder)
  const heads: AuditHead[] = []
  await store.transaction('test', (tx) => tx.openIncidents([sampleIncident()]))
  for (let index = 1; index <= 40; index++) {
    const ofOpen = (index >= 3 && index <= 5) || index === 12
    const event = sampleEvent({
      at: noon + index * day,
      incident: ofOpen ? 'i1' : index % 4 === 0 ? 'gone' : null,
      body: { index },
    })
    await store.transaction('test', (tx) => tx.append([event]))
    heads.push(await store.read.auditHead())
  }
  await pruneAll(store, { now: noon + 40 * day + 1, auditMs: 20 * day })
  await store.transaction('test', (tx) => tx.append([sampleEvent({ at: noon + 41 * day })]))
  const head = await store.read.auditHead()
  await store.close()
  return { file, keys: readAuditKeys(keyFile), heads, head }
}
