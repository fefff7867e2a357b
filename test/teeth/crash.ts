import type { Tooth } from './tooth.ts'

const namedTest = 'test/e2e/crash-named.test.ts'
const duringTest = 'test/e2e/crash-during-effect.test.ts'
const shutdownTest = 'test/e2e/shutdown.test.ts'

/** What a crash or a stop must not break, proven by killing the process. */
export const crash: readonly Tooth[] = [
  {
    takes: 'the end of survivors before anything else',
    file: 'src/engine/recover.ts',
    find: 'await ports.actions.endSurvivors(attempt.runner)',
    replace: '[] as { pid: number; command: string }[]',
    test: duringTest,
    red: 'a plugin that hears nothing and whose watcher is gone',
  },
  {
    takes: 'the unknown outcome of what a crash interrupted',
    file: 'src/engine/recover.ts',
    find: "{ kind: 'unknown', reason }",
    replace: "{ kind: 'done', report: {} }",
    test: namedTest,
    red: 'killed at commit:after:intent',
  },
  {
    takes: 'the restriction of second starts to idempotent actions',
    file: 'src/engine/new-attempt.ts',
    find: 'return idempotent && attempts',
    replace: 'return attempts',
    test: duringTest,
    red: 'killed during the effect: plugin and children are gone',
  },
  {
    takes: 'the bound of starts with one idempotency key',
    file: 'src/engine/new-attempt.ts',
    find: 'const startsPerKeyMax = 2',
    replace: 'const startsPerKeyMax = 3',
    test: duringTest,
    red: 'killed during an effect that may be started again',
  },
  {
    takes: 'the human who hears of an unknown outcome though the alert has cleared',
    file: 'src/engine/conclude.ts',
    find: "if (outcome === 'unknown' && route === 'escalate') {",
    replace: 'if (false as boolean) {',
    test: duringTest,
    red: 'killed during the effect, and the alert resolved meanwhile',
  },
  {
    takes: 'the answer only after the commit',
    file: 'src/engine/receive.ts',
    find: "const decided = await ports.store.transaction('receive', async (tx) => {",
    replace: "const decided: readonly Decided[] = []\n    void ports.store.transaction('receive', async (tx) => {",
    test: namedTest,
    red: 'killed at commit:before:receive',
  },
  {
    takes: 'the refusal of new intents while stopping',
    file: 'src/engine/assess.ts',
    find: 'if (ports.effects.stopping()) return null',
    replace: '',
    test: shutdownTest,
    red: 'SIGTERM: not ready at once',
  },
  {
    takes: 'the unreadiness of a Hepar that stops',
    file: 'src/app/lifecycle.ts',
    find: "phase = 'stopping'",
    replace: '',
    test: shutdownTest,
    red: 'SIGTERM: not ready at once',
  },
]
