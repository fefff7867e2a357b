import { teethOf } from './tooth.ts'

const judge = { file: 'src/engine/prove/judge.ts', test: 'test/engine/judge.test.ts' }
const prove = { file: 'src/engine/prove/prove.ts', test: 'test/engine/prove.test.ts' }
const verify = { file: 'src/engine/act/verify.ts', test: 'test/engine/verify.test.ts' }
const plugin = { file: 'plugins/container-restart.ts', test: 'test/plugins/container-restart.verify.test.ts' }

/** What counts as healed, and what never does. */
export const proof = [
  ...teethOf(judge, [
    {
      takes: 'that every check must pass',
      find: 'if (failed.length > 0) {',
      replace: 'if (failed.length === checks.length) {',
      red: 'a failing round starts the hold again',
    },
    {
      takes: 'that a failing round starts the hold again',
      find: "return { kind: 'hold', heldSince: null }",
      replace: "return { kind: 'hold', heldSince: attempt.heldSince }",
      red: 'a failing round starts the hold again',
    },
    {
      takes: 'that proof must hold for a while',
      find: "  if (now - heldSince < forMs) return { kind: 'hold', heldSince }\n",
      replace: '',
      red: 'it is proven once it held for the whole time',
    },
    {
      takes: 'that time during which nobody looked does not count',
      find: 'attempt.heldSince !== null && watched ?',
      replace: 'attempt.heldSince !== null ?',
      red: 'time during which nobody looked does not count',
    },
    {
      takes: 'that proof needs a positive probe',
      find: "checks.some(({ positive }) => positive) ? { kind: 'proven', heldSince }",
      replace: "checks.length > 0 ? { kind: 'proven', heldSince }",
      red: 'cleared alone is no proof',
    },
    {
      takes: 'the end of the verification window',
      find: 'attempt.verifyUntil !== null && now < attempt.verifyUntil',
      replace: 'attempt.verifyUntil !== null',
      red: 'only a failing round at or after the end of the window gives up',
    },
  ]),
  ...teethOf(prove, [
    {
      takes: 'cleared: not while the alert is active',
      find: '  if (answer.firing) return { cleared: false',
      replace: '  if (answer.firing && answer.rule === null) return { cleared: false',
      red: 'an alert has cleared > never while it is active',
    },
    {
      takes: 'cleared: only where the source can be asked',
      find: "  if (answer.kind !== 'answered') return { cleared: false, reason: answer.reason }\n",
      replace: "  if (answer.kind !== 'answered') return { cleared: true, evaluatedAt: after }\n",
      red: 'an alert has cleared > never while its source cannot be asked',
    },
    {
      takes: 'cleared: not by an Alertmanager alone',
      find: '  if (rule === null) return { cleared: false,',
      replace: '  if (rule === null) return { cleared: true, evaluatedAt: after,',
      red: 'an alert has cleared > never by an Alertmanager alone',
    },
    {
      takes: 'cleared: only while its rule is loaded',
      find: '  if (!rule.loaded) return',
      replace: '  if (!rule.loaded && !rule.healthy) return',
      red: 'an alert has cleared > never when its rule is no longer loaded',
    },
    {
      takes: 'cleared: only by a healthy rule',
      find: "  if (!rule.healthy) return { cleared: false, reason: 'its rule fails to evaluate' }\n",
      replace: '',
      red: 'an alert has cleared > never when its rule fails to evaluate',
    },
    {
      takes: 'cleared: only by an evaluation after the effect',
      find: 'rule.evaluatedAt === null || rule.evaluatedAt <= after',
      replace: 'rule.evaluatedAt === null || rule.evaluatedAt < after',
      red: 'an alert has cleared > never by an evaluation as old as the effect',
    },
    {
      takes: 'that a sample must be younger than the effect',
      find: '  if (old) return failed(',
      replace: '  if (old && answer.samples.length === 0) return failed(',
      red: 'a PromQL probe > fails when one sample is as old as the effect',
    },
    {
      takes: 'that an empty result fails',
      find: "  if (answer.samples.length === 0) return failed(name, true, 'the result is empty')\n",
      replace: '',
      red: 'a PromQL probe > fails on an empty result',
    },
    {
      takes: 'the very HTTP status',
      find: 'passed: answer.status === status',
      replace: 'passed: answer.status < 500',
      red: 'an HTTP probe > passes on the very status',
    },
    {
      takes: 'that every alert of the incident must clear',
      find: '    if (!reading.cleared)\n',
      replace: '    if (!reading.cleared && alert === alerts[0])\n',
      red: '"alert: cleared" > fails while one of several alerts is still active',
    },
    {
      takes: 'that "cleared" is no positive probe',
      find: "    check: 'alert: cleared',\n    passed: true,\n    positive: false,",
      replace: "    check: 'alert: cleared',\n    passed: true,\n    positive: true,",
      red: '"alert: cleared" > is necessary and never a proof',
    },
    {
      takes: 'the action’s own probe',
      find: 'if (action?.hasVerify && subject',
      replace: 'if (action?.hasVerify && probes.length === 0 && subject',
      red: 'the action’s own probe > is asked about the very plan',
    },
    {
      takes: 'that nothing declared proves nothing',
      find: '  if (checks.length === 0) checks.push(',
      replace: '  if (checks.length === 99) checks.push(',
      red: 'where nothing is declared that could prove anything',
    },
  ]),
  ...teethOf(verify, [
    {
      takes: 'that only proof closes an incident as healed',
      find: "  } else if (judged.kind === 'proven') {",
      replace: "  } else if (judged.kind === 'proven' || judged.kind === 'cleared_without_proof') {",
      red: 'an incident > whose alerts cleared, while nothing looked at the target',
    },
    {
      takes: 'that an effect whose end nobody saw stays unknown',
      find: "const outcome = subject.attempt.effect === 'unknown' ? 'unknown' : 'healed'",
      replace: "const outcome = 'healed'",
      red: 'an incident > is healed by proof even when nobody saw the effect end',
    },
    {
      takes: 'that an unknown effect without proof goes to a human even when its alerts cleared',
      find: "  if (attempt.effect === 'unknown') {",
      replace: "  if (attempt.effect === 'failed') {",
      red: 'an incident > with an unknown effect and no proof goes to a human',
    },
    {
      takes: 'the fence of a verification round',
      find: 'if (incident === null || stored?.fence !== looked.fence) {',
      replace: 'if (incident === null || stored === null) {',
      red: 'a round that was overtaken changes nothing',
    },
  ]),
  ...teethOf(plugin, [
    {
      takes: 'container-restart: a start later than the plan proves',
      find: 'if (!(started > Date.parse(dataShape.parse(data).startedAt))) {',
      replace: 'if (Number.isNaN(started)) {',
      test: 'test/plugins/container-restart.test.ts',
      red: 'a run > restarts the planned container once, and verification proves it',
    },
    {
      takes: 'container-restart: a start older than the intent proves nothing',
      find: 'if (started - aheadMs < context.intendedAt - slackMs)',
      replace: 'if (started - aheadMs < 0)',
      red: 'verification > does not pass on a start that is older than the intent',
    },
    {
      takes: 'container-restart: another start after the effect proves nothing',
      find: 'if (started - aheadMs > context.effectEndedAt + lateMs + slackMs) {',
      replace: 'if (started - aheadMs > context.effectEndedAt * 2) {',
      red: 'verification > does not pass on a container that keeps crashing',
    },
    {
      takes: 'container-restart: only what runs is well',
      find: "  if (state !== 'running') return failed(",
      replace: "  if (state === 'dead') return failed(",
      red: 'verification > does not pass on a container that ended again',
    },
    {
      takes: 'container-restart: starting is not healthy',
      find: "health !== 'none' && health !== 'healthy'",
      replace: "health === 'unhealthy'",
      red: 'verification > does not pass on a health check that says starting',
    },
  ]),
]
