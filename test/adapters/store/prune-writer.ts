import { openSqliteStore } from '../../../src/adapters/store/sqlite-store.ts'
import { day, pruneAll } from '../../kit/pruning.ts'
import { noon, placeIn, silent } from './samples.ts'

/** Prunes a store step by step, and says so after each, until it is killed. */
const clock = { now: () => noon + 62 * day }
const store = await openSqliteStore({ ...placeIn(process.argv[2] ?? ''), clock, log: silent })
store.onCommit((events) => {
  if (events.some(({ type }) => type === 'retention.pruned')) process.stdout.write('pruned\n')
})
let keptDays = 60
for (;;) await pruneAll(store, { now: clock.now(), auditMs: Math.max(1, keptDays--) * day })
