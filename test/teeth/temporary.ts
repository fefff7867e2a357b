import { teethOf } from './tooth.ts'

const next = { file: 'src/engine/next.ts', test: 'test/engine/next.test.ts' }
const life = { test: 'test/engine/temporary.test.ts' }
const mirror = { test: 'test/plugins/safe-mode.test.ts' }
const limits = { test: 'test/plugins/container-resources.test.ts' }

/** That nothing temporary stays for ever, and that what carries a target is not taken for its health. */
export const temporary = [
  ...teethOf(next, [
    {
      takes: 'that a temporary effect comes before everything else',
      find: '  if (effect) return nextOfEffect(effect, facts, now)\n',
      replace: '',
      red: 'an incident with a temporary effect in force > holds it for its time',
    },
    {
      takes: 'that a temporary effect is held for its time',
      find: 'incident.holdUntil > now && carries(',
      replace: 'incident.holdUntil < 0 && carries(',
      red: 'an incident with a temporary effect in force > holds it for its time',
    },
    {
      takes: 'that a revert waits for the target',
      find: 'if (!loaded || held) return',
      replace: 'if (!loaded) return',
      red: 'an incident with a temporary effect in force > waits while the attempt of another',
    },
    {
      takes: 'the pauses between two reverts',
      find: '  if (tryAt > now) return',
      replace: '  if (tryAt > now + 1e12) return',
      red: 'an incident with a temporary effect in force > tries again after growing pauses',
    },
    {
      takes: 'that a human is told of reverts that fail',
      find: '(!loaded || tries >= revertTriesMax)',
      replace: '!loaded',
      red: 'an incident with a temporary effect in force > tries again after growing pauses',
    },
    {
      takes: 'that a human is told of a revert that no plugin can make',
      find: '(!loaded || tries >= revertTriesMax)',
      replace: 'tries >= revertTriesMax',
      red: 'an incident with a temporary effect in force > tells a human at once',
    },
  ]),
  ...teethOf({ ...next, file: 'src/engine/facts/temporary.ts' }, [
    {
      takes: 'that a relapse ends the hold',
      find: ' && !firesSince(concludedAt, alerts)\n',
      replace: '\n',
      red: 'an incident with a temporary effect in force > takes it back at once',
    },
    {
      takes: 'that only what was heard since counts as a relapse',
      find: "status === 'firing' && lastSeenAt > (concludedAt ?? 0)",
      replace: "status === 'firing' && lastSeenAt >= (concludedAt ?? 0)",
      red: 'an incident with a temporary effect in force > takes it back at once',
    },
    {
      takes: 'that a cancel ends the hold',
      find: ' && cancelRequestedBy === null',
      replace: '',
      red: 'an incident with a temporary effect in force > takes it back at once',
    },
  ]),
  ...teethOf(life, [
    {
      takes: 'that what was proven under a temporary effect is held',
      file: 'src/engine/act/verify.ts',
      find: '  if (subject.attempt.inForce) return hold(',
      replace: '  if (subject.attempt.inForce && now < 0) return hold(',
      red: 'a temporary effect that helps > is held for its time',
    },
    {
      takes: 'that what is proven without it is mitigated, not healed',
      file: 'src/engine/act/verify.ts',
      find: "subject.attempt.reverts === null ? 'healed' : 'mitigated'",
      replace: "subject.attempt.reverts === '' ? 'mitigated' : 'healed'",
      red: 'a temporary effect that helps > is held for its time',
    },
    {
      takes: 'that an ineffective temporary effect is taken back when the alert has resolved',
      file: 'src/engine/act/verify.ts',
      find: '  if (attempt.inForce) {\n',
      replace: '  if (attempt.inForce && now < 0) {\n',
      red: 'a temporary effect that does not help > is taken back when the alert resolves meanwhile',
    },
    {
      takes: 'that an effect is in force until its revert is done',
      file: 'src/engine/act/record-reverted.ts',
      find: "  if (result.kind !== 'done') {\n",
      replace: "  if (result.kind !== 'done') {\n    await tx.release(effect.id)\n",
      red: 'a revert > that fails is tried again',
    },
    {
      takes: 'that the target is looked at without the effect',
      file: 'src/engine/act/record-reverted.ts',
      find: '  if (!human && carries(',
      replace: '  if (now < 0 && carries(',
      red: 'a temporary effect that helps > is held for its time',
    },
    {
      takes: 'the one key of all reverts of an effect',
      file: 'src/engine/act/new-attempt.ts',
      find: 'idempotencyKey: `revert:${effect.id}`',
      replace: 'idempotencyKey: `revert:${id}`',
      red: 'a revert > is made in the end when Hepar dies at commit:before:result',
    },
    {
      takes: 'that a revert is no attempt of a budget',
      file: 'src/adapters/store/attempt-table.ts',
      find: "    .where('reverts', 'is', null)\n",
      replace: '',
      red: 'a revert > uses up no budget',
    },
    {
      takes: 'the unique index of temporary effects',
      file: 'src/adapters/store/migrations.ts',
      find: 'create unique index attempts_one_in_force',
      replace: 'create index attempts_one_in_force',
      test: 'test/adapters/store/sqlite-store.test.ts',
      red: 'the store contract on SQLite > attempts, outbox and pause > one temporary effect at a time',
    },
    {
      takes: 'that a cancel waits for the revert',
      file: 'src/engine/operate/operate.ts',
      find: 'if (!underWay && !inForce) {',
      replace: 'if (!underWay) {',
      red: 'a temporary effect in force is taken back > when an operator cancels',
    },
    {
      takes: 'that a second temporary effect waits for the first',
      file: 'src/engine/gates/target-lock.ts',
      find: 'holder === null && temporary && effect !== null',
      replace: 'holder === null && temporary && effect === undefined',
      test: 'test/engine/gates/gates.test.ts',
      red: 'each gate blocks > target_lock, for a second temporary effect',
    },
    {
      takes: 'that a temporary effect of unknown end counts as in force',
      file: 'src/engine/act/new-attempt.ts',
      find: 'inForce: holdMs !== null,',
      replace: 'inForce: false,',
      red: 'a temporary effect in force is taken back > though a human has it already',
    },
  ]),
  ...teethOf({ ...mirror, file: 'plugins/safe-mode.ts' }, [
    {
      takes: 'that only listed services are put into safe mode',
      find: 'return refuse(`${target.text} is not put into safe mode: ${read.unlisted}',
      replace: 'return notNow(`${target.text} is not put into safe mode: ${read.unlisted}',
      red: 'a service that is not listed is refused',
    },
    {
      takes: 'that a key of somebody else is refused',
      find: "if (seen === 'foreign') return refuse(",
      replace: "if (seen === 'foreign') return notNow(",
      red: 'a mirror in Redis > is refused where somebody else has',
    },
    {
      takes: 'that a mirror that was moved is not forgotten',
      find: 'planned === now) return mirror',
      replace: 'planned === now || true) return mirror',
      red: 'a mirror in Redis > that the configuration has moved meanwhile',
    },
  ]),
  ...teethOf({ ...mirror, file: 'src/sdk/service-mirror.ts' }, [
    {
      takes: 'that a foreign value is not written over',
      find: "if kind ~= 'none' and not ours then return 0 end\n",
      replace: '',
      red: 'a mirror in Redis > never replaces or removes',
    },
    {
      takes: 'that a foreign value is not removed',
      find: 'if not ours then return -1 end\n',
      replace: '',
      red: 'a mirror in Redis > never replaces or removes',
    },
  ]),
  ...teethOf({ ...limits, file: 'plugins/container-resources.ts' }, [
    {
      takes: 'that limits somebody changed are left alone',
      find: '    if (!sameLimits(now, before)) throw new Error(',
      replace: '    if (now === before) throw new Error(',
      red: 'the effect > does nothing to limits that somebody changed',
    },
    {
      takes: 'that a revert leaves limits alone that somebody changed',
      find: '    if (!sameLimits(limitsOf(info), after))\n',
      replace: '    if (info.Id === after.toString())\n',
      red: 'the effect > does nothing to limits that somebody changed',
    },
    {
      takes: 'that a container held still is not given more',
      find: 'if (!changeable.includes(info.State.Status)) {',
      replace: 'if (changeable.length === 0) {',
      red: 'a plan > waits while somebody holds the container still',
    },
  ]),
  ...teethOf({ ...limits, file: 'src/sdk/container-limits.ts' }, [
    {
      takes: 'the cap of memory',
      find: 'Math.min(Math.floor(memoryBytes * factor), cap)',
      replace: 'Math.floor(memoryBytes * factor)',
      red: 'a plan > goes no further than the cap',
    },
    {
      takes: 'that a container without a limit gets none',
      find: '  if (memoryBytes === 0) return { ok: false',
      replace: '  if (memoryBytes < 0) return { ok: false',
      red: 'a plan > refuses what has no limit',
    },
  ]),
]
