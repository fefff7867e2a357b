import { teethOf } from './tooth.ts'

const life = { test: 'test/engine/ladder.life.test.ts' }
const pure = { test: 'test/engine/ladder.test.ts' }
const override = { file: 'src/engine/gates/override.ts', test: 'test/engine/gates/override.test.ts' }

/** What was learned from what was tried, and who is yielded to. */
export const ladder = [
  ...teethOf(override, [
    {
      takes: 'that Hepar yields to whoever touched the target',
      find: 'if (until <= now) return',
      replace: 'if (until > 0) return',
      red: 'a target that somebody else touched > since it fell ill is left alone for a while',
    },
    {
      takes: 'that what was done before the illness says nothing',
      find: 'if (changed.at < illSince) return pass',
      replace: 'if (changed.at < 0) return pass',
      red: 'a target that somebody else touched > is no longer left alone when that did not help in time, or was before',
    },
    {
      takes: 'that a clock which is ahead makes nobody wait for longer',
      find: 'Math.min(changed.at, now) + yieldForMs',
      replace: 'changed.at + yieldForMs',
      red: 'a target that somebody else touched > in the future of a clock that is ahead',
    },
    {
      takes: 'that Hepar knows its own effects',
      find: 'changed.at <= ownEffect.endedAt + slackMs',
      replace: 'changed.at <= 0',
      red: 'a target that somebody else touched > is told from one that Hepar itself touched last',
    },
    {
      takes: 'that not knowing who touched the target blocks',
      find: "return block('who touched",
      replace: "return pass('who touched') ?? block('who touched",
      red: 'a target that somebody else touched > blocks where there is no plan',
    },
  ]),
  ...teethOf({ ...pure, file: 'src/engine/ladder.ts' }, [
    {
      takes: 'that what did not help is skipped',
      find: "if (last.outcome === 'ineffective') return",
      replace: "if (last.outcome === 'healed' && !last.relapsed) return",
      red: 'what was tried on a target a short while ago > is skipped upward',
    },
    {
      takes: 'that what helped only for a moment is skipped',
      find: 'return last.relapsed ?',
      replace: 'return last.relapsed && now < 0 ?',
      red: 'what was tried on a target a short while ago > is skipped upward',
    },
    {
      takes: 'that what did not help long ago is tried again',
      find: 'trial.at > now - retryAfterMs',
      replace: 'trial.at > 0',
      red: 'what was tried on a target a short while ago > is tried again',
    },
    {
      takes: 'that a step with other parameters is another one',
      find: 'trial.step === key && trial.at',
      replace: 'trial.at',
      red: 'what was tried on a target a short while ago > is another step with other parameters',
    },
    {
      takes: 'that a heal ends a row of failures',
      file: 'src/engine/demotion.ts',
      find: "last.every(({ outcome }) => outcome !== 'healed')",
      replace: 'last.length > 0',
      red: 'only so many failed verifications in a row demote',
    },
    {
      takes: 'that only so many failures demote',
      file: 'src/engine/demotion.ts',
      find: 'last.length === demoteAfter && last',
      replace: 'last',
      red: 'only so many failed verifications in a row demote',
    },
    {
      takes: 'that only what a verification decided demotes',
      file: 'src/engine/demotion.ts',
      find: "outcome === 'healed' || outcome === 'ineffective' || outcome === 'failed',",
      replace: "outcome !== 'self_recovered',",
      red: 'only so many failed verifications in a row demote',
    },
    {
      takes: 'that no step is moved ahead of one with less risk',
      find: 'other >= index || riskOf(other) >= riskOf(index)',
      replace: 'other >= 0',
      red: 'the order of evidence > tries every step once, moves none ahead',
    },
  ]),
  ...teethOf(life, [
    {
      takes: 'that a relapse is no success',
      file: 'src/engine/attach.ts',
      find: "if (attachment === 'reopen' && before !== null) await tx.relapse(before)",
      replace: '',
      red: 'a step that did not help on a target > is not tried again after a relapse',
    },
    {
      takes: 'that a demoted playbook asks',
      file: 'src/engine/gates/mode.ts',
      find: "isDemoted(demotion, playbook) ? 'approve' : 'auto'",
      replace: "isDemoted(demotion, playbook) ? 'auto' : 'auto'",
      red: 'a step that keeps failing its verification > takes its playbook down to approve',
    },
    {
      takes: 'that people are told of a demotion',
      file: 'src/engine/demotion.ts',
      find: '  await tell(tx, notice, { now, newId })\n',
      replace: '',
      red: 'a step that keeps failing its verification > takes its playbook down to approve',
    },
    {
      takes: 'that a demotion is told of once',
      file: 'src/engine/demotion.ts',
      find: '  if (isDemoted(present, playbook)) return\n',
      replace: '',
      red: 'a step that keeps failing its verification > is told of once',
    },
    {
      takes: 'that what failed before a promotion counts no more',
      file: 'src/engine/demotion.ts',
      find: 'Math.max(now - trialsKeptMs, present?.liftedAt ?? 0)',
      replace: 'now - trialsKeptMs',
      red: 'a step that keeps failing its verification > acts again once a person has promoted it',
    },
    {
      takes: 'that failures of another file do not count',
      file: 'src/engine/demotion.ts',
      find: 'const ofThisFile = trials.filter(({ revision }) => revision === playbook.revision)',
      replace: 'const ofThisFile = trials',
      red: 'a step that keeps failing its verification > is counted for one file',
    },
    {
      takes: 'that what never began is no trial',
      file: 'src/engine/remember-trial.ts',
      test: 'test/engine/remember-trial.test.ts',
      find: "if (outcome === 'cancelled' || attempt.reverts !== null) return",
      replace: 'if (attempt.reverts !== null) return',
      red: 'what never began is no trial',
    },
    {
      takes: 'that what takes an effect back is no trial',
      file: 'src/engine/remember-trial.ts',
      test: 'test/engine/remember-trial.test.ts',
      find: "if (outcome === 'cancelled' || attempt.reverts !== null) return",
      replace: "if (outcome === 'cancelled') return",
      red: 'what never began is no trial',
    },
    {
      takes: 'that a changed file lifts a demotion',
      file: 'src/engine/rematch.ts',
      find: '    await liftOutdated(tx, policy.playbooks, clock.now())\n',
      replace: '',
      red: 'a step that keeps failing its verification > acts again when its file has changed',
    },
    {
      takes: 'that the probes are asked before the effect',
      file: 'src/engine/prove-before.ts',
      find: 'if (positive.length === 0) return null',
      replace: 'if (positive.length >= 0) return null',
      red: 'the positive probes are asked just before the effect',
    },
  ]),
  ...teethOf({ ...life, file: 'src/engine/asking.ts' }, [
    {
      takes: 'that people are told the step as the file has it',
      find: '    step: stepIndex,',
      replace: '    step: incident.step,',
      red: 'a step that did not help on a target > is left out of what a person is asked, too',
    },
  ]),
]
