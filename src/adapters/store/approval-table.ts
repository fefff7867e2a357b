import { type RawBuilder, sql } from 'kysely'
import type { Approval, ApprovalState } from '../../domain/approval.ts'
import { HeparError } from '../../engine/errors.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { packUuid, unpackUuid } from './packed.ts'
import { isUniqueViolation } from './sqlite.ts'
import { prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type ApprovalRow = Omit<StoreTables['approvals'], 'key'>

// Written out, because a partial index serves only a condition that repeats its own words.
const isLive: RawBuilder<boolean> = sql<boolean>`state in ('pending', 'approved')`

export function approvalReads(db: StoreDb): Pick<Reads, 'liveApproval' | 'approvalsOf'> {
  const of = db
    .selectFrom('approvals')
    .select(['id', 'incident', 'state', 'data'])
    .where('incident', '=', text)
    .orderBy('key')
  const all = prepared(db, of)
  const live = prepared(db, of.where(isLive))
  return {
    liveApproval: async (incident) => (await live(packUuid(incident))).map(toApproval)[0] ?? null,
    approvalsOf: async (incident) => (await all(packUuid(incident))).map(toApproval),
  }
}

export function approvalWrites(db: StoreDb): Pick<Tx, 'insertApproval' | 'saveApproval'> {
  const insert = preparedWrite(
    db,
    db.insertInto('approvals').values({ id: text, incident: text, state: text, data: text }),
  )
  const save = preparedWrite(
    db,
    db.updateTable('approvals').set({ state: text, data: text }).where('id', '=', text).where('state', '=', text),
  )
  return {
    async insertApproval({ id, incident, state, ...rest }) {
      try {
        await insert(id, packUuid(incident), state, JSON.stringify(rest))
      } catch (cause) {
        if (!isUniqueViolation(cause, 'approvals.incident')) throw cause
        throw new HeparError('stale_write', `incident ${incident} asks for an approval already`, { cause })
      }
    },
    async saveApproval({ id, incident, state, ...rest }, from) {
      if ((await save(state, JSON.stringify(rest), id, from)) === 1) return
      throw new HeparError('stale_write', `the approval ${id} of incident ${incident} is no longer ${from}`)
    },
  }
}

function toApproval({ id, incident, state, data }: ApprovalRow): Approval {
  const rest = JSON.parse(data) as Omit<Approval, 'id' | 'incident' | 'state'>
  return { ...rest, id, incident: unpackUuid(incident), state: state as ApprovalState }
}
