import type { Reads, Tx } from '../../engine/ports.ts'
import { alertReads, alertWrites } from './alert-table.ts'
import { approvalReads, approvalWrites } from './approval-table.ts'
import { arrivalReads } from './arrivals.ts'
import { attemptReads, attemptWrites } from './attempt-table.ts'
import { auditReads } from './audit-table.ts'
import type { AuditWriter } from './audit-writer.ts'
import { clockWrites } from './clock-table.ts'
import { gapReads } from './gap-table.ts'
import { incidentReads, incidentWrites } from './incident-table.ts'
import { leftAloneReads, leftAloneWrites } from './left-alone-table.ts'
import { outboxReads, outboxWrites } from './outbox-table.ts'
import { pauseReads, pauseWrites } from './pause-table.ts'
import { pruneWrites } from './prune-table.ts'
import { remainderReads, remainderWrites } from './remainder-table.ts'
import { settingReads, settingWrites } from './settings-table.ts'
import type { StoreDb } from './tables.ts'
import { tokenReads, tokenWrites } from './token-table.ts'
import { trialReads, trialWrites } from './trial-table.ts'

/** All reads over one connection. */
export function readsOver(db: StoreDb): Reads {
  return {
    ...alertReads(db),
    ...incidentReads(db),
    ...attemptReads(db),
    ...trialReads(db),
    ...approvalReads(db),
    ...leftAloneReads(db),
    ...outboxReads(db),
    ...settingReads(db),
    ...pauseReads(db),
    ...remainderReads(db),
    ...tokenReads(db),
    ...auditReads(db),
    ...arrivalReads(db),
    ...gapReads(db),
  }
}

/** All reads and writes over the writer's connection; a transaction sees the events it appended itself. */
export function txOver(db: StoreDb, reads: Reads, audit: AuditWriter): Omit<Tx, 'shrink'> {
  return {
    ...reads,
    ...alertWrites(db),
    ...incidentWrites(db),
    ...attemptWrites(db),
    ...trialWrites(db),
    ...approvalWrites(db),
    ...leftAloneWrites(db),
    ...outboxWrites(db),
    ...settingWrites(db),
    ...pauseWrites(db),
    ...remainderWrites(db),
    ...tokenWrites(db),
    ...pruneWrites(db),
    ...clockWrites(db),
    append: async (events) => audit.append(events),
    async audit(filter) {
      await audit.flush()
      return reads.audit(filter)
    },
    async auditHead() {
      await audit.flush()
      return reads.auditHead()
    },
    async arrivalAt(filter, later) {
      await audit.flush()
      return reads.arrivalAt(filter, later)
    },
    async arrivals(filter, namesMax) {
      await audit.flush()
      return reads.arrivals(filter, namesMax)
    },
  }
}
