import { teethOf } from './tooth.ts'

const reload = { file: 'src/app/reload.ts', test: 'test/app/reload.test.ts' }
const rules = { test: 'test/adapters/rules/load-playbooks.test.ts' }

/** What is read from files: whole or not at all. */
export const policies = [
  ...teethOf(reload, [
    {
      takes: 'that a reload with problems changes nothing',
      find: '  if (!loaded.ok || problems.length > 0) {',
      replace: '  if (!loaded.ok) {',
      red: 'a change that a running process cannot make is refused whole',
    },
    {
      takes: 'that what the log could not record is not in force',
      find: '      await undo()\n',
      replace: '',
      red: 'what the log could not record does not stay in force',
    },
    {
      takes: 'that a refused reload is recorded',
      find: '    if (!dryRun) await refuse(problems, by, parts)\n',
      replace: '',
      red: 'files with problems change nothing, and their refusal is recorded',
    },
    {
      takes: 'that a dry run changes nothing',
      find: '  if (!dryRun) {\n    log.info(',
      replace: '  if (policy) {\n    log.info(',
      red: 'a dry run changes and records nothing',
    },
    {
      takes: 'that reloads come one after the other',
      find: 'const turn = last.then(() => reloadOnce(request, parts))',
      replace: 'const turn = reloadOnce(request, parts)',
      red: 'reloads asked for at once are done one after the other',
    },
  ]),
  ...teethOf(rules, [
    {
      takes: 'that a policy with mistakes is not loaded in part',
      file: 'src/adapters/rules/load-policy.ts',
      find: "if (problems.some(({ severity }) => severity === 'error')) return",
      replace: "if (problems.every(({ severity }) => severity === 'error') && playbooks.length === 0) return",
      red: 'a policy > is loaded whole or not at all',
    },
    {
      takes: 'that a policy is frozen',
      file: 'src/adapters/rules/load-policy.ts',
      find: 'policy: deepFreeze(policy)',
      replace: 'policy',
      red: 'a policy > is loaded in matching order and frozen',
    },
  ]),
  ...teethOf({ file: 'src/adapters/reload/watch.ts', test: 'test/adapters/reload/watch.test.ts' }, [
    {
      takes: 'that files are read only once they are stable',
      find: 'if (!isStable || now === loaded) return',
      replace: 'if (now === loaded) return',
      red: 'a file that is still being written waits until it is stable',
    },
    {
      takes: 'that a change which could not be followed is tried again',
      find: '      await onChange()\n      loaded = now\n',
      replace: '      loaded = now\n      await onChange()\n',
      red: 'a change that could not be followed is tried again',
    },
  ]),
  ...teethOf({ file: 'src/app/load.ts', test: 'test/app.test.ts' }, [
    {
      takes: 'that a configuration which was read in part is never put in force',
      find: '  return loaded.ok && !reading.ok ? { ok: false, problems: loaded.warnings } : loaded\n',
      replace: '  return loaded\n',
      red: 'a mistake in the configuration hides none in the playbooks',
    },
    {
      takes: 'that a mistake in the configuration hides none in the playbooks',
      find: '  const readable = reading.ok ? reading : reading.readable\n',
      replace: '  const readable = reading.ok ? reading : null\n',
      red: 'a mistake in the configuration hides none in the playbooks',
    },
  ]),
  ...teethOf({ ...rules, file: 'src/adapters/rules/weaknesses.ts' }, [
    {
      takes: 'the warning of a playbook without positive probe',
      find: '  warnOfNoPositiveProbe(ladder, context, warn)\n',
      replace: '',
      red: 'a playbook that cannot prove anything > is warned about when neither',
    },
    {
      takes: 'the warning of a playbook that heals without asking whether the alert has cleared',
      find: '  warnOfClearedNotAsked(ladder, context, warn)\n',
      replace: '',
      red: 'a playbook that heals without asking whether the alert has cleared > is warned about',
    },
    {
      takes: 'the warning of a ladder that ends without a word',
      find: '  warnOfNobodyTold(ladder, context, warn)\n',
      replace: '',
      red: 'a playbook whose ladder ends without a word > is warned about where there is a channel',
    },
    {
      takes: 'that nobody is told to call a human where there is no channel',
      find: '  if (first === undefined || steps.some(',
      replace: '  if (steps.some(',
      red: 'a playbook whose ladder ends without a word > is right where there is no channel',
    },
    {
      takes: 'that nobody is told to ask where cleared could never be shown',
      find: ' || sources.some(({ prometheus }) => prometheus === null)) return\n',
      replace: ') return\n',
      red: 'a playbook that heals without asking whether the alert has cleared > is right where cleared could not be shown',
    },
  ]),
]
