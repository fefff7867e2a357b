import { openSqliteStore } from '../../../src/adapters/store/sqlite-store.ts'
import { day, pruneAll } from '../../kit/pruning.ts'
import { noon, placeIn, silent } from './samples.ts'

/** Prunes a store day by day, from one number of days to keep down to another, says how many events went after each step, and waits to be killed. */
const [folder = '', from, to] = process.argv.slice(2)
const clock = { now: () => noon + 62 * day }
const store = await openSqliteStore({ ...placeIn(folder), clock, log: silent })
store.onCommit((events) => {
  for (const { type, body } of events)
    if (type === 'retention.pruned') process.stdout.write(`pruned ${body?.events ?? 0}\n`)
})
for (let keptDays = Number(from); keptDays > Number(to); keptDays--)
  await pruneAll(store, { now: clock.now(), auditMs: keptDays * day })
setInterval(() => undefined, 60_000)
