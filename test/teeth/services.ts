import { teethOf } from './tooth.ts'

const command = { test: 'test/plugins/command.test.ts' }
const programFile = { ...command, file: 'src/sdk/program-file.ts' }
const appended = { ...command, file: 'src/sdk/service-commands.ts' }
const unit = { file: 'plugins/systemd-restart.ts', test: 'test/plugins/systemd-restart.test.ts' }
const foreign = 'a program > that anybody, a foreign group or another user can write is refused'
const meanwhile = 'a run > does nothing when the unit'

/** What command and systemd-restart refuse, how they end, and what proves that a unit runs. */
export const services = [
  ...teethOf(programFile, [
    {
      takes: 'that a program which anybody can write is not run',
      find: '  if ((mode & 0o002) !== 0) return',
      replace: '  if ((mode & 0o002) === 0o200) return',
      red: foreign,
    },
    {
      takes: 'that a program which a foreign group can write is not run',
      find: '(mode & 0o020) === 0 || groupOurs ? null',
      replace: 'mode !== 0 || groupOurs ? null',
      red: foreign,
    },
    {
      takes: 'that a program of another user is not run',
      find: '  if (!isOurs(uid)) return',
      replace: '  if (!isOurs(uid) && uid === 1) return',
      red: foreign,
    },
    {
      takes: 'that a program in a folder which others can write is not run',
      find: 'whyFolderForeign(folder) ?? ',
      replace: '(folder === "" ? whyFolderForeign(folder) : null) ?? ',
      red: 'a program > in a folder, or behind a link, that others can write is refused',
    },
  ]),
  ...teethOf(appended, [
    {
      takes: 'that arguments of an alert come after the end of the options',
      find: "[...rule.args, '--', ...appended]",
      replace: '[...rule.args, ...appended]',
      red: 'a run > gives each argument as one, and no shell reads any of them',
    },
    {
      takes: 'that an argument which looks like an option is refused',
      find: "if (value.startsWith('-')) return",
      replace: "if (value.startsWith('--force')) return",
      red: 'a plan > is refused for an argument with a dash',
    },
    {
      takes: 'that an argument must match its pattern as a whole',
      find: 'RE2JS.compile(pattern).matches(value)',
      replace: 'RE2JS.compile(pattern).matcher(value).find()',
      red: 'a plan > is refused when what should be appended matches only in part',
    },
    {
      takes: 'that only declared arguments are appended',
      find: '  if (stranger !== undefined) {',
      replace: "  if (stranger === '') {",
      red: 'a plan > is refused when what should be appended is no argument of it',
    },
    {
      takes: 'that the output of a command does not show its secrets',
      find: 'safe.replaceAll(secret, redacted)',
      replace: 'safe.replaceAll(redacted, secret)',
      red: 'a run > reports code, time and the end of the output',
    },
  ]),
  ...teethOf({ ...command, file: 'plugins/command.ts' }, [
    {
      takes: 'that only a configured command is run',
      find: 'settings.commands.find(({ name }) => name === params.command)',
      replace: 'settings.commands.find(({ name }) => name !== params.command.slice(9))',
      red: 'a plan > is refused for a command that is not configured',
    },
    {
      takes: 'that an alert about another machine is no reason to touch this one',
      file: 'src/sdk/service-host.ts',
      find: 'host === undefined || host === settings.host',
      replace: "host !== ''",
      red: 'a plan > is refused for an alert about another machine',
    },
    {
      takes: 'that the very file of the plan is run',
      find: 'if (JSON.stringify(now.program) !== JSON.stringify(program)) {',
      replace: "if (JSON.stringify(now.program) === '') {",
      red: 'a program > that was exchanged or configured otherwise since the plan is not run',
    },
    {
      takes: 'that the arguments of the plan must still be allowed',
      find: 'if (!wanted.ok || JSON.stringify(wanted.args) !== JSON.stringify(args)) {',
      replace: 'if (!wanted.ok) {',
      red: 'a program > that was exchanged or configured otherwise since the plan is not run',
    },
    {
      takes: 'that a command which did not end in time is unknown',
      find: "  if (ended.stopped === 'timeout') throw outcomeUnknown(",
      replace: "  if (ended.stopped === 'timeout') throw new Error(",
      red: 'a run > that lasts longer than its timeout is ended and unknown',
    },
    {
      takes: 'that an exit code which leaves it unknown is not called failed',
      find: '  if (rule.unknownCodes.includes(code)',
      replace: '  if (rule.unknownCodes.includes(code + 1_000)',
      red: 'a run > ends with code 75',
    },
    {
      takes: 'that a command gets no more of the environment than is configured',
      file: 'src/sdk/run-program.ts',
      find: "{ PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', ...more }",
      replace: "{ ...(process.env as Record<string, string>), LC_ALL: 'C', ...more }",
      red: 'a run > gives only the environment that is configured',
    },
  ]),
  ...teethOf(unit, [
    {
      takes: 'that a masked unit stays masked',
      file: 'src/sdk/unit-restart.ts',
      find: "  if (state.load === 'masked') return",
      replace: "  if (state.load === 'masked') return null\n  if (state.load === 'hidden') return",
      red: 'a plan > of a unit that is masked is refused for good',
    },
    {
      takes: 'that an unknown unit is refused',
      file: 'src/sdk/unit-restart.ts',
      find: "  if (state.load !== 'loaded')\n",
      replace: "  if (state.load === 'unloaded')\n",
      red: 'a plan > of a unit that nobody knows is refused for good',
    },
    {
      takes: 'that Hepar does not restart its own unit',
      file: 'src/sdk/unit-restart.ts',
      find: "return isOwnUnit(state) ? 'Hepar itself runs in it' : null",
      replace: 'return isOwnUnit(state) ? null : null',
      red: 'a plan > of the unit in which Hepar runs is refused',
    },
    {
      takes: 'that a unit which somebody stopped stays stopped',
      find: "  if (active === 'inactive') return",
      replace: "  if (active === 'inactive') return null\n  if (active === 'stopped') return",
      red: 'a plan > of a unit that is stopped is left for later',
    },
    {
      takes: 'that a unit which is starting is left alone',
      find: "active === 'active' || active === 'failed' ? null",
      replace: "active !== '' ? null",
      red: 'a plan > of a unit that is starting is left for later',
    },
    {
      takes: 'that a unit which was just started is left alone',
      find: ' ?? whyTooYoung(state, minUptime)',
      replace: '',
      red: 'a plan > leaves a unit alone that was started a moment ago',
    },
    {
      takes: 'that the very run of the unit is restarted',
      find: 'if (state.invocation !== invocation) throw',
      replace: "if (state.invocation === '') throw",
      red: `${meanwhile} was started by somebody else meanwhile`,
    },
    {
      takes: 'that only a new run of the unit is the proof',
      find: "  if (now === '' || now === invocation) return failed(",
      replace: "  if (now === '') return failed(",
      red: 'the proof > is an active unit in a new run',
    },
    {
      takes: 'that a unit which does not stay up is not healed',
      find: '  if (restarts > 0)\n',
      replace: '  if (restarts > 100)\n',
      red: 'the proof > is missing when the unit fell down since and was started by systemd',
    },
    {
      takes: 'that a restart of which systemd has not told the end is unknown',
      file: 'src/sdk/unit-restart.ts',
      find: '  if (ended.code === null) throw outcomeUnknown(',
      replace: '  if (ended.code === null) throw new Error(',
      red: 'a run > is unknown when systemd did not say in time',
    },
  ]),
]
