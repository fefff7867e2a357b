import { type RawBuilder, sql } from 'kysely'
import { type Attempt, type AttemptPhase, type Outcome, objectsOf } from '../../domain/attempt.ts'
import type { AttemptBudget } from '../../domain/playbook.ts'
import { HeparError } from '../../engine/errors.ts'
import type { BudgetWindow } from '../../engine/facts/counting.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { packUuid, unpackUuid } from './packed.ts'
import { isUniqueViolation } from './sqlite.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type AttemptRow = StoreTables['attempts']
type AttemptReads = Pick<
  Reads,
  | 'attempt'
  | 'attemptsOf'
  | 'activeAttempts'
  | 'holder'
  | 'effectOn'
  | 'effectsInForce'
  | 'attemptHistory'
  | 'attemptsBegun'
  | 'actionsOn'
  | 'effectsSince'
  | 'unwellBesides'
>

// Written out, because a partial index serves only a condition that repeats its own words.
const isActive: RawBuilder<boolean> = sql<boolean>`phase <> 'concluded'`
const isInForce: RawBuilder<boolean> = sql<boolean>`in_force = 1`

/** Targets that a block names. */
const namedMax = 5

export function attemptReads(db: StoreDb): AttemptReads {
  const all = db.selectFrom('attempts').selectAll().orderBy('intended_at').orderBy('id')
  const byId = prepared(db, all.where('id', '=', text))
  const ofIncident = prepared(db, all.where('incident', '=', text))
  const active = prepared(db, all.where(isActive))
  const holding = prepared(
    db,
    db
      .selectFrom('attempts')
      .selectAll('attempts')
      .innerJoin('holds', 'holds.attempt', 'id')
      .where('object', '=', text),
  )
  const inForce = prepared(db, all.where(isInForce))
  const inForceOn = prepared(db, all.where(isInForce).where('target', '=', text))
  // An attempt that was called off before it began touched nothing: it uses up no budget and starts no cooldown. Nor does a revert.
  const touching = db
    .selectFrom('attempts')
    .where(sql<boolean>`outcome is distinct from 'cancelled'`)
    .where('reverts', 'is', null)
  const ofTarget = touching.where('playbook', '=', text).where('target', '=', text)
  // What lies in the future is counted, too: a clock that jumps back gives nothing back.
  const begunOf = (some: typeof touching) =>
    prepared(
      db,
      some
        .select([db.fn.countAll<number>().as('used'), db.fn.min('intended_at').as('oldest')])
        .where('intended_at', '>', integer),
    )
  const begun = begunOf(ofTarget)
  const begunByAll = begunOf(touching)
  const begunByPlaybook = begunOf(touching.where('playbook', '=', text))
  const begunOnTarget = begunOf(touching.where('target', '=', text).where('pardoned', '=', sql.lit(0)))
  const ofThese = sql<boolean>`playbook in (select value from json_each(${text}))`
  const targets = (table: 'incidents' | 'attempts', is: RawBuilder<boolean>) =>
    db.selectFrom(table).select('target').where(ofThese).where(is)
  const unwell = prepared(
    db,
    db
      .selectFrom(
        targets('incidents', sql<boolean>`state <> 'closed'`)
          .union(targets('attempts', isActive))
          .union(targets('attempts', isInForce))
          .as('unwell'),
      )
      .select('target')
      .where('target', '<>', text)
      .orderBy('target'),
  )
  const ended = prepared(db, ofTarget.select(db.fn.max('concluded_at').as('last')))
  const since = prepared(
    db,
    db
      .selectFrom('attempts')
      .select(['id', 'playbook', 'target', 'ill_since', 'intended_at', 'concluded_at'])
      .where('intended_at', '>', integer)
      .where(sql<boolean>`outcome is distinct from 'cancelled'`)
      .where('pardoned', '=', sql.lit(0))
      .orderBy('intended_at', 'desc')
      .orderBy('id', 'desc')
      .limit(integer),
  )
  return {
    attempt: async (id) => (await byId(id)).map(toAttempt)[0] ?? null,
    attemptsOf: async (incident) => (await ofIncident(packUuid(incident))).map(toAttempt),
    activeAttempts: async () => (await active()).map(toAttempt),
    async holder(objects) {
      for (const object of objects) {
        const [row] = await holding(object)
        if (row !== undefined) return toAttempt(row)
      }
      return null
    },
    effectOn: async (target) => (await inForceOn(target)).map(toAttempt)[0] ?? null,
    unwellBesides: async (playbooks, target) => {
      const these = JSON.stringify(playbooks)
      const found = await unwell(these, these, these, target)
      return { others: found.length, some: found.slice(0, namedMax).map((row) => row.target) }
    },
    effectsInForce: async () => (await inForce()).map(toAttempt),
    attemptHistory: async (playbook, target, budgets, now) => ({
      windows: await windowsOf(budgets, now, (from) => begun(playbook, target, from)),
      lastEndedAt: (await ended(playbook, target))[0]?.last ?? null,
    }),
    attemptsBegun: (playbook, budgets, now) =>
      windowsOf(budgets, now, (from) => (playbook === null ? begunByAll(from) : begunByPlaybook(playbook, from))),
    actionsOn: (target, budgets, now) => windowsOf(budgets, now, (from) => begunOnTarget(target, from)),
    effectsSince: async (from, limit) =>
      (await since(from, limit)).map(({ ill_since, intended_at, concluded_at, ...effect }) => ({
        ...effect,
        illSince: ill_since ?? intended_at,
        intendedAt: intended_at,
        concludedAt: concluded_at,
      })),
  }
}

async function windowsOf(
  budgets: readonly AttemptBudget[],
  now: number,
  begun: (from: number) => Promise<readonly { used: number; oldest: number | null }[]>,
): Promise<readonly BudgetWindow[]> {
  const windows: BudgetWindow[] = []
  for (const budget of budgets) {
    const [row] = await begun(now - budget.windowMs)
    const oldest = row?.oldest ?? null
    windows.push({ ...budget, used: row?.used ?? 0, oldestAt: oldest === null ? null : oldest + budget.windowMs })
  }
  return windows
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
  reverts: text,
  in_force: integer,
  ill_since: integer,
  pardoned: integer,
}

const columns = Object.keys(places) as readonly (keyof AttemptRow)[]

export function attemptWrites(db: StoreDb): Pick<Tx, 'insertAttempt' | 'saveAttempt' | 'release'> {
  const insert = preparedWrite(db, db.insertInto('attempts').values(places))
  const hold = preparedWrite(db, db.insertInto('holds').values({ object: text, attempt: text }))
  const letGo = preparedWrite(db, db.deleteFrom('holds').where('attempt', '=', text))
  const save = preparedWrite(
    db,
    db
      .updateTable('attempts')
      .set({ phase: text, concluded_at: integer, outcome: text, data: text, in_force: integer })
      .where('id', '=', text)
      .where('fence', '=', integer)
      .where(isActive),
  )
  const release = preparedWrite(
    db,
    db
      .updateTable('attempts')
      .set({ in_force: sql.lit(0) })
      .where('id', '=', text)
      .where(isInForce),
  )
  return {
    async release(id) {
      await release(id)
    },
    async insertAttempt(attempt) {
      const row = toRow(attempt)
      const objects = objectsOf({ ...attempt.plan, target: row.target })
      try {
        await insert(...columns.map((column) => row[column]))
        if (row.phase !== 'concluded') for (const object of objects) await hold(object, attempt.id)
      } catch (cause) {
        if (!isUniqueViolation(cause, 'attempts.target') && !isUniqueViolation(cause, 'holds.object')) throw cause
        const message = `another attempt or its temporary effect holds ${objects.join(' or ')}: wait until it has concluded`
        throw new HeparError('target_held', message, { cause })
      }
    },
    async saveAttempt(attempt) {
      const { id, phase, fence, concluded_at, outcome, data, in_force } = toRow(attempt)
      if ((await save(phase, concluded_at, outcome, data, in_force, id, fence)) === 1) {
        if (phase === 'concluded') await letGo(id)
        return
      }
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
  | 'reverts'
  | 'inForce'
  | 'illSince'
>

function toRow({
  id,
  incident,
  playbook,
  target,
  step,
  action,
  phase,
  fence,
  intendedAt,
  concludedAt,
  outcome,
  reverts,
  inForce,
  illSince,
  ...rest
}: Attempt): AttemptRow {
  const times = { intended_at: intendedAt, concluded_at: concludedAt }
  const temporary = { reverts, in_force: inForce ? 1 : 0 }
  const data = JSON.stringify(rest)
  return {
    id,
    incident: packUuid(incident),
    playbook,
    target,
    step,
    action,
    phase,
    fence,
    ...times,
    outcome,
    data,
    ...temporary,
    ill_since: illSince,
    pardoned: 0,
  }
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    ...(JSON.parse(row.data) as Rest),
    id: row.id,
    incident: unpackUuid(row.incident),
    playbook: row.playbook,
    target: row.target,
    step: row.step,
    action: row.action,
    phase: row.phase as AttemptPhase,
    fence: row.fence,
    intendedAt: row.intended_at,
    concludedAt: row.concluded_at,
    outcome: row.outcome as Outcome | null,
    reverts: row.reverts,
    inForce: row.in_force === 1,
    illSince: row.ill_since ?? row.intended_at,
  }
}
