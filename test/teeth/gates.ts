import { teethOf } from './tooth.ts'

const shared = { test: 'test/engine/gates/gates.test.ts' }

/** Each gate, each of its branches, and their order. */
export const gates = [
  ...teethOf({ ...shared, file: 'src/engine/gates/evaluate.ts' }, [
    {
      takes: 'the stop switch',
      find: '  stopSwitch,\n  mode,\n',
      replace: '  mode,\n',
      red: 'each gate blocks > stop_switch',
    },
    {
      takes: 'the order of the gates: freshness before the target is planned',
      find: '  freshness,\n  target,\n',
      replace: '  target,\n  freshness,\n',
      red: 'the gates stand in the published order',
    },
    {
      takes: 'that the world is asked only after the gates before let the check go on',
      find: '  for (const gate of gates) {\n',
      replace:
        '  const wanting = gates.find(({ needs }) => needs && facts[needs] === undefined)?.needs\n' +
        "  if (wanting) return { kind: 'gather', need: wanting }\n  for (const gate of gates) {\n",
      red: 'the world is asked only after the gates before',
    },
    {
      takes: 'that one hard block is enough',
      find: '    else return decided(verdictOf(report), reports, report)\n',
      replace: '    else if (report.final) return decided(verdictOf(report), reports, report)\n',
      red: 'whatever else holds, one hard block is enough',
    },
    {
      takes: 'that a block for good refuses',
      find: "  if (block.final) return 'refuse'\n",
      replace: '',
      red: 'each gate blocks > target: never permitted',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/gates/mode.ts' }, [
    {
      takes: 'that observe only plans',
      find: "if (inForce !== 'observe')",
      replace: "if (inForce !== 'approve')",
      red: 'each gate blocks > mode: observe plans only',
    },
    {
      takes: 'that a manual heal cannot raise observe',
      find: "if (inForce !== 'observe')",
      replace: "if (inForce !== 'observe' || facts.incident.manual)",
      red: 'each gate blocks > a manual heal needs no alert',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/gates/approval.ts' }, [
    {
      takes: 'that approve asks a person',
      find: "if (inForce === 'auto') {",
      replace: "if (inForce !== 'observe') {",
      red: 'each gate blocks > mode: approve asks',
    },
  ]),
  ...teethOf(shared, [
    {
      takes: 'that a playbook never raises the ceiling',
      file: 'src/domain/playbook.ts',
      find: 'modes[Math.min(',
      replace: 'modes[Math.max(',
      red: 'each gate blocks > a playbook lowers the ceiling',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/gates/freshness.ts' }, [
    {
      takes: 'freshness: some alert still fires',
      find: 'if (firing.length === 0) {',
      replace: "if (firing.length === 0) return notApplicable('nothing fires')\n    if (firing.length === 0) {",
      red: 'each gate blocks > freshness: nothing fires any more',
    },
    {
      takes: 'freshness: a source that cannot be asked blocks',
      find: "if (answer.kind === 'unavailable') {",
      replace:
        "if (answer.kind === 'unavailable') return judgeAge(alert, answer.reason, now, alertAgeMaxMs)\n" +
        "  if (answer.kind === 'unavailable') {",
      red: 'each gate blocks > freshness: the source cannot be asked',
    },
    {
      takes: 'freshness: an alert about which nothing was asked blocks',
      find: "notAsked: OracleAnswer = { kind: 'unavailable',",
      replace: "notAsked: OracleAnswer = { kind: 'not_applicable',",
      red: 'each gate blocks > freshness passes when one alert of several',
    },
    {
      takes: 'freshness: silenced',
      find: 'answer.silencedBy.length > 0',
      replace: 'answer.silencedBy.length > 99',
      red: 'each gate blocks > freshness: silenced',
    },
    {
      takes: 'freshness: inhibited',
      find: 'answer.inhibitedBy.length > 0',
      replace: 'answer.inhibitedBy.length > 99',
      red: 'each gate blocks > freshness: inhibited',
    },
    {
      takes: 'freshness: still firing by the source',
      find: 'if (!answer.firing) {',
      replace: 'if (!answer.firing && alert.status !== "firing") {',
      red: 'each gate blocks > freshness: the source says that it does not fire',
    },
    {
      takes: 'freshness: too old without an oracle',
      find: 'if (ageMs > alertAgeMaxMs) {',
      replace: 'if (ageMs > alertAgeMaxMs * 1e6) {',
      red: 'each gate blocks > freshness: too old',
    },
  ]),
  ...teethOf({ ...shared, file: 'src/engine/gates/target.ts' }, [
    {
      takes: 'a target that cannot be looked at blocks',
      find: "if (plan === undefined || plan.kind === 'failed') {",
      replace:
        "if (plan?.kind === 'failed') return pass('the target may be well', facts)\n    if (plan === undefined) {",
      red: 'each gate blocks > target: cannot be looked at',
    },
    {
      takes: 'a target that the action refuses blocks',
      find: "if (plan.kind === 'planned') return pass(plan.plan.summary, { ...facts, pin: plan.plan.pin })",
      replace: "if (plan.kind !== 'refused' || !plan.final) return pass('a target', facts)",
      red: 'each gate blocks > target: not now',
    },
  ]),
  ...teethOf(shared, [
    {
      takes: 'the attempt budget',
      file: 'src/engine/gates/attempt-budget.ts',
      find: 'used >= count',
      replace: 'used > count',
      red: 'each gate blocks > attempt_budget',
    },
    {
      takes: 'the cooldown',
      file: 'src/engine/gates/cooldown.ts',
      find: 'if (until <= now)',
      replace: 'if (until <= now || cooldownMs > 0)',
      red: 'each gate blocks > cooldown',
    },
    {
      takes: 'the target lock',
      file: 'src/engine/gates/target-lock.ts',
      find: 'if (holder === null)',
      replace: "if (holder === null || holder.phase !== 'concluded')",
      red: 'each gate blocks > target_lock',
    },
  ]),
]
