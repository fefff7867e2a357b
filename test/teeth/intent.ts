import { teethOf } from './tooth.ts'

const assess = { file: 'src/engine/assess/assess.ts', test: 'test/engine/assess.test.ts' }
const next = { file: 'src/engine/next.ts', test: 'test/engine/next.test.ts' }
const record = { file: 'src/engine/assess/record-verdict.ts', test: 'test/engine/assess.test.ts' }

/** What leads to an effect: the next command, the second look at the gates, the intent. */
export const intent = [
  ...teethOf(assess, [
    {
      takes: 'the second evaluation of the gates, inside the transaction of the intent',
      find: "if (verdict.verdict !== 'run' || facts.plan?.kind !== 'planned') {",
      replace: "if (facts.plan?.kind !== 'planned') {",
      red: 'what happens between the gates and the intent > a pause',
    },
    {
      takes: 'that the second evaluation reads its facts in that transaction',
      find: '{ ...gathered, now, stored }',
      replace: '{ ...gathered, now, stored: { ...gathered.stored, x: stored } }',
      red: 'what happens between the gates and the intent > a pause',
    },
    {
      takes: 'that no intent is committed under a policy that is no longer in force',
      find: 'if (ports.policy.current() !== assessment.policy)',
      replace: 'if (ports.policy.current() === null)',
      red: 'what happens between the gates and the intent > another policy',
    },
    {
      takes: 'that a source is asked again when its answer is old',
      find: 'ports.clock.now() - askedAt <= answerAgeMaxMs',
      replace: 'ports.clock.now() >= askedAt',
      red: 'a source is asked again when planning took so long',
    },
    {
      takes: 'that the effect starts only after the commit of its intent',
      find: '      intend(tx, { assessment, before }, facts, reserved, ports),\n',
      replace:
        '      intend(tx, { assessment, before }, facts, reserved, ports).then((intended) => {\n' +
        '        if (intended) ports.effects.start(intended, reserved)\n' +
        '        return intended\n' +
        '      }),\n',
      red: 'an intent that cannot be committed starts nothing',
    },
    {
      takes: 'that a runner is given back when its effect does not start',
      find: '      await runner?.discard()\n',
      replace: '',
      red: 'what happens between the gates and the intent > a pause',
    },
    {
      takes: 'that intent and event are one commit',
      test: 'test/engine/one-commit.test.ts',
      find: '  await tx.append([assessedEvent(assessment, facts, verdict), intendedEvent(attempt, approval)])\n',
      replace:
        "  void ports.store.transaction('late', (later) => {\n" +
        '    return later.append([assessedEvent(assessment, facts, verdict), intendedEvent(attempt, approval)])\n' +
        '  })\n',
      red: 'after every commit, state and log tell the same story',
    },
    {
      takes: 'that an incident acts from the commit of the intent on',
      test: 'test/engine/one-commit.test.ts',
      find: "    state: 'acting',\n",
      replace: '',
      red: 'after every commit, state and log tell the same story',
    },
    {
      takes: 'that no intent is committed once a stop was asked for',
      find: '  if (ports.effects.stopping()) return null\n',
      replace: '',
      red: 'what happens between the gates and the intent > a stop keeps the effect from starting',
    },
    {
      takes: 'that nothing is planned once a stop was asked for',
      find: '  if (effects.stopping()) return\n',
      replace: '',
      red: 'once a stop was asked for, nothing is planned',
    },
  ]),
  ...teethOf(record, [
    {
      takes: 'that a refusal ends the incident',
      find: "if (verdict === 'refuse' && blockedBy) {",
      replace: "if (verdict === 'ask' && blockedBy) {",
      red: 'a target that can never be touched ends the incident',
    },
    {
      takes: 'one would_run for each policy',
      find: 'wouldRunRevision: resting ? policy.revision : null',
      replace: 'wouldRunRevision: null',
      red: 'observe mode plans, records one would_run',
    },
    {
      takes: 'that one block is told once',
      find: "  if (!changed && !resting && (verdict !== 'ask' || ask?.askedAt !== now)) return\n",
      replace: '',
      red: 'the same block is told once',
    },
  ]),
  ...teethOf(next, [
    {
      takes: 'that nothing is assessed while an attempt is under way',
      find: '  if (attempt) return nextOfAttempt(attempt, facts, now)\n',
      replace: '',
      red: 'the whole table > never starts, verifies or closes',
    },
    {
      takes: 'that a cancelled incident starts nothing more',
      find: 'if (incident.cancelRequestedBy) {',
      replace: "if (incident.cancelRequestedBy === 'nobody') {",
      red: 'the whole table > never starts, verifies or closes',
    },
    {
      takes: 'that only what is ill is acted on',
      find: '  if (!ill) return nextWhenCleared(facts, now)\n',
      replace: '',
      red: 'the whole table > never starts, verifies or closes',
    },
    {
      takes: 'that what a human has is left to the human',
      find: "  if (incident.state === 'handed_over') return nextWithPerson(facts, now)\n",
      replace: '',
      red: 'the whole table > never starts, verifies or closes',
    },
    {
      takes: 'that an alert which leads elsewhere now starts nothing here',
      find: 'if (!facts.stillMatched) return',
      replace: 'if (!facts.stillMatched && incident.touched) return',
      red: 'the whole table > never starts, verifies or closes',
    },
    {
      takes: 'the settle time',
      find: 'if (settledAt > now)',
      replace: 'if (settledAt > now && playbook.settleMs < 0)',
      red: 'an incident whose alert fires > waits until it has been ill for the settle time',
    },
    {
      takes: 'the bound on waiting for gates',
      find: 'giveUpAt !== null && giveUpAt <= now',
      replace: 'giveUpAt !== null && giveUpAt < 0',
      red: 'an incident whose alert fires > is handed over when gates have blocked',
    },
    {
      takes: 'that a resolution is confirmed before it is believed',
      find: "  if (!confirmed && (giveUpAt === null || giveUpAt > now)) return { do: 'confirm' }\n",
      replace: '',
      red: 'an incident whose alerts say that it is over > asks the source before it believes them',
    },
    {
      takes: 'that what an effect touched never counts as recovered by itself',
      find: "  if (incident.touched) return close('unverified'",
      replace: "  if (incident.touched && !confirmed) return close('unverified'",
      red: 'an incident whose alerts say that it is over > closes as unverified after an effect',
    },
    {
      takes: 'that an effect which nobody runs is unknown',
      find: "if (!running) return { do: 'declare_unknown', attempt }",
      replace: "if (!running) return { do: 'verify', attempt }",
      red: 'an attempt under way > is declared unknown when nobody runs it',
    },
  ]),
]
