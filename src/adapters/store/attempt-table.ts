import { type RawBuilder, sql } from 'kysely'
import type { Attempt, AttemptPhase, Outcome } from '../../domain/attempt.ts'
import { HeparError } from '../../engine/errors.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { isUniqueViolation } from './sqlite.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type AttemptRow = StoreTables['attempts']
type AttemptReads = Pick<Reads, 'attempt' | 'attemptsOf' | 'activeAttempts' | 'holder' | 'attemptHistory'>

// Written out, because a partial index serves only a condition that repeats its own words.
const isActive: RawBuilder<boolean> = sql<boolean>`phase <> 'concluded'`

export function attemptReads(db: StoreDb): AttemptReads {
  const all = db.selectFrom('attempts').selectAll().orderBy('intended_at').orderBy('id')
  const byId = prepared(db, all.where('id', '=', text))
  const ofIncident = prepared(db, all.where('incident', '=', text))
  const active = prepared(db, all.where(isActive))
  const holding = prepared(db, all.where(isActive).where('target', '=', text))
  // An attempt that was called off before it began touched nothing: it uses up no budget and starts no cooldown.
  const ofTarget = db
    .selectFrom('attempts')
    .where('playbook', '=', text)
    .where('target', '=', text)
    .where(sql<boolean>`outcome is distinct from 'cancelled'`)
  const begun = prepared(
    db,
    ofTarget
      .select([db.fn.countAll<number>().as('used'), db.fn.min('intended_at').as('oldest')])
      .where('intended_at', '>', integer),
  )
  const ended = prepared(db, ofTarget.select(db.fn.max('concluded_at').as('last')))
  return {
    attempt: async (id) => (await byId(id)).map(toAttempt)[0] ?? null,
    attemptsOf: async (incident) => (await ofIncident(incident)).map(toAttempt),
    activeAttempts: async () => (await active()).map(toAttempt),
    holder: async (target) => (await holding(target)).map(toAttempt)[0] ?? null,
    async attemptHistory(playbook, target, budgets, now) {
      const windows = []
      for (const budget of budgets) {
        const [row] = await begun(playbook, target, now - budget.windowMs)
        const oldest = row?.oldest ?? null
        windows.push({ ...budget, used: row?.used ?? 0, oldestAt: oldest === null ? null : oldest + budget.windowMs })
      }
      return { windows, lastEndedAt: (await ended(playbook, target))[0]?.last ?? null }
    },
  }
}

const places: AttemptRow = {
  id: text,
  incident: text,
  playbook: text,
  target: text,
  step: integer,
  action: text,
  phase: text,
  fence: integer,
  intended_at: integer,
  concluded_at: integer,
  outcome: text,
  data: text,
}

export function attemptWrites(db: StoreDb): Pick<Tx, 'insertAttempt' | 'saveAttempt'> {
  const insert = preparedWrite(db, db.insertInto('attempts').values(places))
  const save = preparedWrite(
    db,
    db
      .updateTable('attempts')
      .set({ phase: text, concluded_at: integer, outcome: text, data: text })
      .where('id', '=', text)
      .where('fence', '=', integer)
      .where(isActive),
  )
  return {
    async insertAttempt(attempt) {
      const { id, incident, playbook, target, step, action, phase, fence, intendedAt, concludedAt, outcome, data } =
        toRow(attempt)
      try {
        await insert(id, incident, playbook, target, step, action, phase, fence, intendedAt, concludedAt, outcome, data)
      } catch (cause) {
        if (!isUniqueViolation(cause, 'attempts.target')) throw cause
        throw new HeparError('target_held', `another attempt holds ${target}: wait until it has concluded`, { cause })
      }
    },
    async saveAttempt(attempt) {
      const { id, phase, fence, concludedAt, outcome, data } = toRow(attempt)
      if ((await save(phase, concludedAt, outcome, data, id, fence)) === 1) return
      throw new HeparError('stale_write', `attempt ${id} is concluded or was started again: read it again`)
    },
  }
}

type Rest = Omit<
  Attempt,
  | 'id'
  | 'incident'
  | 'playbook'
  | 'target'
  | 'step'
  | 'action'
  | 'phase'
  | 'fence'
  | 'intendedAt'
  | 'concludedAt'
  | 'outcome'
>

function toRow(attempt: Attempt) {
  const { id, incident, playbook, target, step, action, phase, fence, intendedAt, concludedAt, outcome, ...rest } =
    attempt
  const data = JSON.stringify(rest)
  return { id, incident, playbook, target, step, action, phase, fence, intendedAt, concludedAt, outcome, data }
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    ...(JSON.parse(row.data) as Rest),
    id: row.id,
    incident: row.incident,
    playbook: row.playbook,
    target: row.target,
    step: row.step,
    action: row.action,
    phase: row.phase as AttemptPhase,
    fence: row.fence,
    intendedAt: row.intended_at,
    concludedAt: row.concluded_at,
    outcome: row.outcome as Outcome | null,
  }
}
