import { sql } from 'kysely'
import type { AuditEvent, AuditType } from '../../domain/audit.ts'
import type { AuditFilter } from '../../domain/filters.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Reads } from '../../engine/ports.ts'
import { genesis } from './chain.ts'
import { hexOf, packUuid, unpackUuid } from './packed.ts'
import { integer, prepared, type StoreDb, type StoreTables, text } from './tables.ts'

type AuditRow = StoreTables['audit']

export function auditReads(db: StoreDb): Pick<Reads, 'audit' | 'auditHead'> {
  const lines = db.selectFrom('audit').selectAll().orderBy('seq')
  const all = prepared(db, lines.where('seq', '>', integer).limit(integer))
  const ofIncident = prepared(db, lines.where('incident', '=', text).where('seq', '>', integer).limit(integer))
  const ofType = prepared(db, lines.where('type', '=', text).where('seq', '>', integer).limit(integer))
  const last = prepared(
    db,
    db.selectFrom('audit').select(['seq', 'mac', 'at']).orderBy('seq', 'desc').limit(sql.lit(1)),
  )
  const rows = async ({ incident, types, after = 0, limit }: AuditFilter): Promise<AuditRow[]> => {
    if (types === undefined)
      return incident === undefined ? all(after, limit) : ofIncident(packUuid(incident), after, limit)
    if (incident !== undefined) {
      const narrowed = lines
        .where('incident', '=', packUuid(incident))
        .where('seq', '>', after)
        .where('type', 'in', types)
      return narrowed.limit(limit).execute()
    }
    // One read per type, each in the order of its index; asking for all types at once would sort the whole log.
    const found: AuditRow[] = []
    for (const type of new Set(types)) found.push(...(await ofType(type, after, limit)))
    return found.sort((a, b) => a.seq - b.seq).slice(0, limit)
  }
  return {
    audit: async (filter) => (await rows(filter)).map(toEvent),
    async auditHead() {
      const head = (await last())[0]
      return head === undefined ? genesis : { ...head, mac: hexOf(head.mac) }
    },
  }
}

function toEvent(row: AuditRow): AuditEvent {
  const { key_id, body, type, digest, mac, incident, ...rest } = row
  return {
    ...rest,
    type: type as AuditType,
    incident: incident === null ? null : unpackUuid(incident),
    keyId: key_id,
    digest: hexOf(digest),
    mac: hexOf(mac),
    body: body === null ? null : (JSON.parse(body) as JsonObject),
  }
}
