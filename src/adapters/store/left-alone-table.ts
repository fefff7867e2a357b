import { sql } from 'kysely'
import type { LeftAlone, ReasonToLeave } from '../../domain/left-alone.ts'
import type { Reads, Tx } from '../../engine/ports.ts'
import { packUuid, unpackUuid } from './packed.ts'
import { integer, prepared, preparedWrite, type StoreDb, text } from './tables.ts'

/** What is over for so long tells nobody anything any more, not even after a jump of the clock. */
const keptMs = 7 * 86_400_000

export function leftAloneReads(db: StoreDb): Pick<Reads, 'leftAlone'> {
  const ofTarget = prepared(db, db.selectFrom('left_alone').selectAll().where('target', '=', text))
  return {
    leftAlone: async (target) =>
      (await ofTarget(target)).map(
        ({ incident, why, ...row }): LeftAlone => ({
          ...row,
          why: why as ReasonToLeave,
          incident: unpackUuid(incident),
        }),
      ),
  }
}

export function leftAloneWrites(db: StoreDb): Pick<Tx, 'leaveAlone' | 'takeUpAgain'> {
  const forget = preparedWrite(db, db.deleteFrom('left_alone').where('until', '<', integer))
  const save = preparedWrite(
    db,
    db
      .insertInto('left_alone')
      .orReplace()
      .values({ target: text, why: text, reason: text, since: integer, until: integer, incident: text }),
  )
  // A loop is one thing: whoever takes up one of its targets takes up all of them.
  const together = prepared(
    db,
    db
      .selectFrom('left_alone as other')
      .select('other.target')
      .distinct()
      .innerJoin('left_alone as this', 'this.incident', 'other.incident')
      .where('this.target', '=', text),
  )
  const end = preparedWrite(db, db.deleteFrom('left_alone').where('target', '=', text))
  const pardon = preparedWrite(
    db,
    db
      .updateTable('attempts')
      .set({ pardoned: sql.lit(1) })
      .where('target', '=', text)
      .where('pardoned', '=', integer),
  )
  return {
    async leaveAlone({ target, why, reason, since, until, incident }) {
      await forget(since - keptMs)
      await save(target, why, reason, since, until, packUuid(incident))
    },
    async takeUpAgain(target) {
      const targets = (await together(target)).map((row) => row.target)
      for (const one of new Set([target, ...targets])) {
        await end(one)
        await pardon(one, 0)
      }
      return targets
    },
  }
}
