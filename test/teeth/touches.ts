import { teethOf } from './tooth.ts'

const contract = { test: 'test/adapters/store/sqlite-store.test.ts', file: 'src/adapters/store/attempt-table.ts' }
const assess = { test: 'test/engine/assess.test.ts' }
const both = 'the store contract on SQLite > attempts, outbox and pause > an attempt holds what else its plan touches'
const elsewhere = 'what happens between the gates and the intent > an attempt elsewhere that'
const resources = { test: 'test/plugins/container-resources.test.ts', file: 'plugins/container-resources.ts' }
const places = { test: 'test/plugins/redis-restart.places.test.ts' }

/** One thing under two names is touched by one attempt at a time, and what was seen before is kept and bounded. */
export const touches = [
  ...teethOf(contract, [
    {
      takes: 'that what a plan touches is held',
      find: 'for (const object of objects) await hold(object, attempt.id)',
      replace: 'await hold(row.target, attempt.id)',
      red: both,
    },
    {
      takes: 'that what was held is let go',
      find: "if (phase === 'concluded') await letGo(id)",
      replace: "if (phase === '') await letGo(id)",
      red: both,
    },
  ]),
  ...teethOf(assess, [
    {
      takes: 'that the intent looks who holds what the plan touches',
      file: 'src/engine/assess/gather.ts',
      find: 'read.holder(plan ? objectsOf(plan) : [incident.target])',
      replace: 'read.holder([incident.target])',
      red: `${elsewhere} touches what is to be touched`,
    },
    {
      takes: 'that who touches a target from elsewhere is its holder',
      file: 'src/adapters/store/attempt-table.ts',
      find: "      .where('object', '=', text),\n",
      replace: "      .whereRef('object', '=', 'target')\n      .where('object', '=', text),\n",
      red: `${elsewhere} touches the target`,
    },
  ]),
  ...teethOf(places, [
    {
      takes: 'that a Redis in a container touches that container',
      file: 'src/sdk/restart-container.ts',
      find: 'touches: [text, containerObject(info)]',
      replace: 'touches: []',
      red: 'by container > one that has ended is started once',
    },
    {
      takes: 'that a Redis run by a unit touches that unit',
      file: 'src/sdk/restart-unit.ts',
      find: 'touches: [unitObject(unit)]',
      replace: 'touches: []',
      red: 'by systemd unit > the unit is asked about and restarted by argv',
    },
  ]),
  ...teethOf({ test: 'test/plugins/systemd-restart.test.ts' }, [
    {
      takes: 'that a service touches its unit, whoever else names it',
      file: 'plugins/systemd-restart.ts',
      find: '      touches: [unitObject(settings.unit)],\n',
      replace: '',
      red: 'a plan > pins the run that failed',
    },
    {
      takes: 'that journal lines are bounded',
      file: 'src/sdk/log-lines.ts',
      find: 'printable(text, logLimits.lineCharsMax)',
      replace: 'printable(text, 100_000)',
      red: 'a plan > shows the end of its journal',
    },
  ]),
  ...teethOf({ test: 'test/sdk/log-lines.test.ts', file: 'src/sdk/log-lines.ts' }, [
    {
      takes: 'that nobody waits for a pipe',
      find: 'if (!stat.isFile()) return',
      replace: 'if (stat.isFile() === null) return',
      red: 'what is no file, or is not there',
    },
    {
      takes: 'that the half of a line is no line',
      find: 'lastLines(at === 0 ? lines : lines.slice(1))',
      replace: 'lastLines(lines)',
      red: 'of a file of any size only the end is read',
    },
  ]),
  ...teethOf(resources, [
    {
      takes: 'that a container with other limits is held under whatever name it has',
      find: '      touches: [containerObject(info)],\n',
      replace: '',
      red: 'the effect > holds the very container',
    },
    {
      takes: 'that a container which was renamed since the plan keeps its limits',
      find: 'if (info.Name !== `/${target.name}`) {',
      replace: "if (info.Name === '/') {",
      red: 'the effect > does nothing to a container that was renamed since the plan',
    },
    {
      takes: 'that memory is not taken back from a container that would not live without it',
      find: 'held > before.memoryBytes) {',
      replace: 'held < 0) {',
      red: 'the effect > is not taken back from a container that could not live with less',
    },
  ]),
  ...teethOf({ test: 'test/plugins/safe-mode.test.ts' }, [
    {
      takes: 'that safe mode shows before what the log of the service says',
      file: 'src/sdk/service-evidence.ts',
      find: '...(await logEvidence(logFile))',
      replace: '...(await logEvidence(null))',
      red: 'shows before what the log says last',
    },
  ]),
  ...teethOf({ test: 'test/plugins/container-restart.test.ts' }, [
    {
      takes: 'that a container which is restarted is held under whatever name it has',
      file: 'plugins/container-restart.ts',
      find: '      touches: [containerObject(info)],\n',
      replace: '',
      red: 'a plan > names the one container by its full id',
    },
    {
      takes: 'that a plan shows who in the container holds the memory',
      file: 'src/sdk/container-evidence.ts',
      find: 'orElse(engine.memoryUsers(info.Id, signal), [])',
      replace: '[]',
      red: 'a plan > shows who in the container holds the memory',
    },
  ]),
]
