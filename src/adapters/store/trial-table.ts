import { sql } from 'kysely'
import {
  type Demotion,
  type OwnEffect,
  type Trial,
  type TrialOutcome,
  trialsKeptMax,
  trialsKeptMs,
} from '../../domain/trial.ts'
import type { TrialReads, TrialWrites } from '../../engine/ladder/trial-ports.ts'
import { packUuid, unpackUuid } from './packed.ts'
import { integer, prepared, preparedWrite, type StoreDb, type StoreTables, text } from './tables.ts'

type TrialRow = StoreTables['trials']

/** Own effects are compared with changes of the present illness; nobody asks for older ones. */
const ownEffectsKeptMs = 7 * 86_400_000

export function trialReads(db: StoreDb): TrialReads {
  const demotions = prepared(db, db.selectFrom('demotions').selectAll().orderBy('playbook'))
  const demotion = prepared(db, db.selectFrom('demotions').selectAll().where('playbook', '=', text))
  const own = prepared(db, db.selectFrom('own_effects').selectAll().where('object', '=', text))
  return {
    async trials({ playbook, steps, targetClass, target, since, limit }) {
      let query = db.selectFrom('trials').selectAll().where('at', '>=', since)
      if (playbook !== undefined) query = query.where('playbook', '=', playbook)
      if (steps !== undefined) query = query.where('step', 'in', steps)
      if (targetClass !== undefined) query = query.where('class', '=', targetClass)
      if (target !== undefined) query = query.where('target', '=', target)
      const rows = await query.orderBy('at', 'desc').orderBy('key', 'desc').limit(limit).execute()
      return rows.map(toTrial)
    },
    demotion: async (playbook) => (await demotion(playbook)).map(toDemotion)[0] ?? null,
    demotions: async () => (await demotions()).map(toDemotion),
    async ownEffect(objects) {
      let latest: OwnEffect | null = null
      for (const object of objects) {
        const [row] = await own(object)
        if (row === undefined || (latest !== null && latest.endedAt >= row.ended_at)) continue
        latest = { object, attempt: row.attempt, beganAt: row.began_at, endedAt: row.ended_at }
      }
      return latest
    },
  }
}

const places = {
  playbook: text,
  revision: text,
  step: text,
  action: text,
  class: text,
  target: text,
  incident: text,
  outcome: text,
  at: integer,
  took_ms: integer,
  relapsed: integer,
  well_before: integer,
}

export function trialWrites(db: StoreDb): TrialWrites {
  const insert = preparedWrite(db, db.insertInto('trials').values(places))
  const forgetOld = preparedWrite(db, db.deleteFrom('trials').where('at', '<', integer))
  const same = db.selectFrom('trials').where('playbook', '=', text).where('step', '=', text).where('class', '=', text)
  const beyond = same
    .select('key')
    .orderBy('at', 'desc')
    .orderBy('key', 'desc')
    .limit(sql.lit(-1))
    .offset(sql.lit(trialsKeptMax))
  const forgetMany = preparedWrite(db, db.deleteFrom('trials').where('key', 'in', beyond))
  const latest = db
    .selectFrom('trials')
    .select('key')
    .where('playbook', '=', text)
    .where('target', '=', text)
    .orderBy('at', 'desc')
    .orderBy('key', 'desc')
    .limit(sql.lit(1))
  const markRelapsed = preparedWrite(
    db,
    db
      .updateTable('trials')
      .set({ relapsed: sql.lit(1) })
      .where('key', 'in', latest)
      .where('incident', '=', text)
      .where('outcome', '=', sql.lit('healed')),
  )
  const saveDemotion = preparedWrite(
    db,
    db
      .insertInto('demotions')
      .values({ playbook: text, data: text })
      .onConflict((conflict) => conflict.column('playbook').doUpdateSet((row) => ({ data: row.ref('excluded.data') }))),
  )
  const saveOwn = preparedWrite(
    db,
    db.replaceInto('own_effects').values({ object: text, attempt: text, began_at: integer, ended_at: integer }),
  )
  const forgetOwn = preparedWrite(db, db.deleteFrom('own_effects').where('ended_at', '<', integer))
  return {
    async addTrial(trial) {
      const { playbook, revision, step, action, targetClass, target, incident, outcome, at, tookMs } = trial
      const numbers = [at, tookMs, trial.relapsed ? 1 : 0, trial.wellBefore === null ? null : trial.wellBefore ? 1 : 0]
      const id = packUuid(incident)
      await insert(playbook, revision, step, action, targetClass, target, id, outcome, ...numbers)
      await forgetOld(at - trialsKeptMs)
      await forgetMany(playbook, step, targetClass)
    },
    async relapse({ id, playbook, target }) {
      await markRelapsed(playbook, target, packUuid(id))
    },
    async saveDemotion({ playbook, ...rest }) {
      await saveDemotion(playbook, JSON.stringify(rest))
    },
    async saveOwnEffects(effects) {
      for (const { object, attempt, beganAt, endedAt } of effects) await saveOwn(object, attempt, beganAt, endedAt)
      await forgetOwn(Math.max(0, ...effects.map(({ endedAt }) => endedAt)) - ownEffectsKeptMs)
    },
  }
}

function toTrial(row: Omit<TrialRow, 'key'>): Trial {
  return {
    playbook: row.playbook,
    revision: row.revision,
    step: row.step,
    action: row.action,
    targetClass: row.class,
    target: row.target,
    incident: unpackUuid(row.incident),
    outcome: row.outcome as TrialOutcome,
    at: row.at,
    tookMs: row.took_ms,
    relapsed: row.relapsed === 1,
    wellBefore: row.well_before === null ? null : row.well_before === 1,
  }
}

function toDemotion({ playbook, data }: StoreTables['demotions']): Demotion {
  return { ...(JSON.parse(data) as Omit<Demotion, 'playbook'>), playbook }
}
