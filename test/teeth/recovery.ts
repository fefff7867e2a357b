import { teethOf } from './tooth.ts'

const act = { file: 'src/engine/act/act.ts', test: 'test/engine/act.test.ts' }
const conclude = { file: 'src/engine/act/conclude.ts', test: 'test/engine/conclude.test.ts' }
const recover = { file: 'src/engine/recover/recover.ts', test: 'test/engine/recover.test.ts' }
const handOver = { file: 'src/engine/end/hand-over.ts', test: 'test/engine/hand-over.test.ts' }
const outbox = { file: 'src/engine/tell/outbox.ts', test: 'test/engine/outbox.test.ts' }

/** Results, what a crash leaves behind, and where outcomes lead. */
export const recovery = [
  ...teethOf(act, [
    {
      takes: 'the fence of a result',
      find: " || attempt.phase !== 'acting' || attempt.fence !== started.fence) return",
      replace: " || attempt.phase !== 'acting') return",
      red: 'a result > of an older start changes nothing',
    },
    {
      takes: 'that a result for an attempt that moved on is ignored',
      find: " || attempt.phase !== 'acting' || attempt.fence",
      replace: " || attempt.phase === 'concluded' || attempt.fence",
      red: 'a result > for an attempt that has moved on changes nothing',
    },
    {
      takes: 'that result and incident are one commit',
      test: 'test/engine/one-commit.test.ts',
      find: "  await tx.saveIncident({ ...incident, state: 'verifying', blockedSince: null, updatedAt: now, dueAt: now })\n",
      replace: '',
      red: 'after every commit, state and log tell the same story',
    },
    {
      takes: 'that a result is kept while the store cannot take it',
      find: "if (!hasCode(error, 'store_unavailable') || signal.aborted) throw error",
      replace: "if (hasCode(error, 'store_unavailable') || signal.aborted) throw error",
      red: 'a result is kept and written once the store takes it',
    },
    {
      takes: 'that an effect which never began ends as cancelled',
      find: "if (result.kind === 'not_started' || result.kind === 'failed') {",
      replace: "if (result.kind === 'failed') {",
      red: 'a result > of an effect that never began ends the attempt as cancelled',
    },
    {
      takes: 'that stopping ends effects after their grace',
      find: 'setTimeout(() => graceOver.abort(), graceMs)',
      replace: 'setTimeout(() => {}, graceMs)',
      red: 'stopping waits for running effects',
      hangs: true,
    },
  ]),
  ...teethOf(conclude, [
    {
      takes: 'that an unknown outcome goes to a human, not to the next step',
      find: "if (outcome === 'unknown' && route === 'escalate') {",
      replace: "if (outcome === 'unknown' && route === 'stop') {",
      red: 'an outcome that did not heal > that nobody knows goes to a human',
    },
    {
      takes: 'that only what is idempotent is started again',
      file: 'src/engine/act/new-attempt.ts',
      find: 'if (!idempotent || holdMs',
      replace: 'if (holdMs',
      red: 'an outcome that did not heal > that nobody knows goes to a human',
    },
    {
      takes: 'that an idempotent action is started again only once',
      file: 'src/engine/act/new-attempt.ts',
      find: 'const startsPerKeyMax = 2',
      replace: 'const startsPerKeyMax = 3',
      red: 'an idempotent action whose end nobody saw > is started once more',
    },
    {
      takes: 'the pause after an attempt that was called off',
      find: 'dueAt: now + calledOffPauseMs',
      replace: 'dueAt: now',
      red: 'an attempt that was called off before it began > has touched nothing',
    },
    {
      takes: 'the bound on attempts that are called off',
      find: 'step: place, touched, blockedSince, dueAt',
      replace: 'step: place, touched, dueAt',
      red: 'an attempt that was called off before it began > has touched nothing',
    },
    {
      takes: 'that what an earlier attempt touched stays touched',
      find: "effect !== 'not_started' && intendedAt >= incident.acceptedAt",
      replace: "effect === 'done' && intendedAt >= incident.acceptedAt",
      red: 'an attempt that was called off before it began > does not make an incident untouched',
    },
  ]),
  ...teethOf({ test: 'test/engine/life.test.ts' }, [
    {
      takes: 'that a step is not tried again because its target is ill again',
      file: 'src/engine/receive/attach.ts',
      find: '  return { ...closed, ...freshIllness, illSince',
      replace: '  return { ...closed, ...freshIllness, step: 0, illSince',
      red: 'the life of an incident > ill again soon after it healed climbs the ladder',
    },
    {
      takes: 'that ill again soon is the same incident',
      file: 'src/engine/receive/attach.ts',
      find: 'now - latest.closedAt < playbook.reopenWithinMs',
      replace: 'now - latest.closedAt < 0',
      red: 'the life of an incident > ill again soon after it healed climbs the ladder',
    },
    {
      takes: 'the key that an interrupted idempotent action keeps',
      file: 'src/engine/act/new-attempt.ts',
      find: '(idempotent && interruptedKey(earlier, stepIndex)) || id',
      replace: 'id',
      red: 'only an idempotent action is started again',
    },
  ]),
  ...teethOf(recover, [
    {
      takes: 'that an effect cut by a crash is unknown',
      find: "{ kind: 'unknown', reason }",
      replace: "{ kind: 'not_started', reason }",
      red: 'an effect cut after it happened is unknown',
    },
    {
      takes: 'that survivors are ended before their target is given to anybody',
      find: 'const survivors = await ports.actions.endSurvivors(attempt.runner)',
      replace: 'const survivors: readonly { pid: number; command: string }[] = []',
      red: 'survivors of the runner are ended before',
    },
    {
      takes: 'that a survivor which cannot be ended stops the recovery',
      find: 'await ports.actions.endSurvivors(attempt.runner)',
      replace: 'await ports.actions.endSurvivors(attempt.runner).catch(() => [])',
      red: 'a survivor that cannot be ended stops the recovery',
    },
  ]),
  ...teethOf({ file: 'src/app/lifecycle.ts', test: 'test/app/lifecycle.test.ts' }, [
    {
      takes: 'that nothing begins before the recovery',
      find: '      await engine.recover()\n',
      replace: '      void engine.recover()\n',
      red: 'nothing is ready before survivors are ended',
    },
    {
      takes: 'that a stop is not ready from its first moment',
      find: "      phase = 'stopping'\n",
      replace: '',
      red: 'a stop is not ready from its first moment',
    },
  ]),
  ...teethOf(handOver, [
    {
      takes: 'the message of a hand-over',
      find: 'channels: channel === null || told ? [] : [channel]',
      replace: 'channels: []',
      red: 'a hand-over tells the channel what is ill',
    },
    {
      takes: 'that a hand-over waits for a human',
      find: "    state: 'handed_over',\n",
      replace: '',
      red: 'a hand-over tells the channel what is ill',
    },
  ]),
  ...teethOf(outbox, [
    {
      takes: 'that what was accepted is not sent again',
      find: 'sentAt: now, lastError: null',
      replace: 'lastError: null',
      red: 'every try carries the same key',
    },
    {
      takes: 'the key by which a receiver drops repeats',
      find: 'const outgoing = { channel, idempotencyKey,',
      replace: 'const outgoing = { channel, idempotencyKey: `${idempotencyKey}:${message.tries}`,',
      red: 'every try carries the same key',
    },
    {
      takes: 'that what cannot be written down is not sent',
      find: '  if (!store.health().ok) return\n',
      replace: '',
      red: 'what cannot be written down is not sent',
    },
    {
      takes: 'that a message is not sent again because its answer could not be written down',
      find: 'under.unrecorded.get(id) ?? (await deliver(',
      replace: '(await deliver(',
      red: 'an answer that could not be written down is written down later',
    },
    {
      takes: 'that an old message is tried less and less',
      find: 'Math.min((now - message.createdAt) * retryMaxOfAge, restMaxMs)',
      replace: '0',
      red: 'a message that was not accepted is tried again',
    },
    {
      takes: 'growing pauses between tries',
      find: 'firstRetryMs * 2 ** (tries - 1)',
      replace: 'firstRetryMs',
      red: 'a message that was not accepted is tried again',
    },
    {
      takes: 'that a message which cannot be accepted is given up',
      find: 'const givesUp = !answer.retry || ',
      replace: 'const givesUp = ',
      red: 'a message that cannot be accepted is given up at once',
    },
  ]),
  ...teethOf({ file: 'src/engine/operate/operate.ts', test: 'test/engine/operate.test.ts' }, [
    {
      takes: 'that a cancelled effect is let finish',
      find: "incident.state === 'acting' || incident.state === 'verifying'\n",
      replace: "incident.state === 'verifying'\n",
      red: 'cancelling > while an effect runs lets it finish',
    },
    {
      takes: 'that only what was handed over can be resumed',
      find: "if (incident.state !== 'handed_over') {",
      replace: "if (incident.state === 'closed') {",
      red: 'resuming > gives a handed-over incident back',
    },
    {
      takes: 'that one manual heal holds a target',
      find: "if (latest && latest.state !== 'closed') {",
      replace: "if (latest && latest.state === 'acting') {",
      red: 'a manual heal > opens one incident for a target',
    },
    {
      takes: 'that an action acts only on its kind of target',
      find: 'if (read.target.kind !== action.kind) {',
      replace: 'if (read.target.kind === action.name) {',
      red: 'a manual heal > is refused for a target of another kind',
    },
  ]),
  ...teethOf({ file: 'src/adapters/queue/memory.ts', test: 'test/adapters/queue/memory.test.ts' }, [
    {
      takes: 'that one incident is never advanced twice at once',
      find: '!running.has(id) && !resting',
      replace: '!resting',
      red: 'one incident is never advanced twice at once',
    },
  ]),
]
