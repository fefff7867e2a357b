import { teethOf } from './tooth.ts'

const plan = { test: 'test/plugins/redis-restart.test.ts' }
const proof = { test: 'test/plugins/redis-restart.verify.test.ts' }
const places = { test: 'test/plugins/redis-restart.places.test.ts' }
const link = { test: 'test/sdk/redis-link.test.ts' }
const families = { file: 'src/adapters/actions/families.ts', test: 'test/adapters/actions/families.test.ts' }
const outlives = {
  test: 'test/plugins/redis-restart.outlives.test.ts',
  red: 'the restarted server outlives its runner',
}
const clear = { file: 'plugins/cache-clear.ts', test: 'test/plugins/cache-clear.test.ts' }
const config = { file: 'src/config/redis.ts', test: 'test/config.test.ts' }
const unasked = 'what nobody can ask a server that is down'
const lateBorn = 'a child that is born to outlive its runner is no family'

/** What redis-restart and cache-clear refuse, what they touch, and what they take for proof. */
export const redis = [
  {
    ...places,
    takes: 'that a plan says who started the server lately',
    file: 'plugins/redis-restart.ts',
    find: '      ...(found.changed && { changed: found.changed }),\n',
    replace: '',
    red: 'by systemd unit > that somebody started lately',
  },
  ...teethOf({ file: 'src/sdk/redis-state.ts', ...plan }, [
    {
      takes: 'that a Redis which answers PONG is left alone',
      find: "return kind === 'refused' || kind === 'silent' ? kind : null",
      replace: "return kind === 'refused' ? kind : kind === 'silent' || kind === 'pong' ? 'silent' : null",
      red: 'a plan > is refused for a server that answers PONG',
    },
    {
      takes: 'that a Redis which a script keeps busy is left alone',
      find: "  BUSY: 'busy',",
      replace: "  BUSY: 'silent',",
      red: 'a plan > is refused while a script keeps it busy',
    },
    {
      takes: 'that a Redis which does not let Hepar in is left alone',
      find: "  WRONGPASS: 'noauth',",
      replace: "  WRONGPASS: 'silent',",
      red: 'a plan > is refused where Hepar is not let in',
    },
    {
      takes: 'that a Redis which loads its data is left alone',
      ...link,
      find: "  LOADING: 'loading',",
      replace: "  LOADING: 'silent',",
      red: 'a real server > that loads its data says so',
    },
    {
      takes: 'that a Redis which cannot save is left alone',
      ...link,
      find: "  MISCONF: 'misconf',",
      replace: "  MISCONF: 'silent',",
      red: 'a real server > that cannot save says MISCONF',
    },
    {
      takes: 'that a host which cannot be reached is not taken for a server that is down',
      ...link,
      find: "code === 'ECONNREFUSED' ? 'refused' : 'unreachable'",
      replace: "'refused'",
      red: 'a host that cannot be reached is not taken for a server that is down',
    },
    {
      takes: 'that a closed connection is not taken for a server that is down',
      ...link,
      find: "  return { kind: 'closed', said }",
      replace: "  return { kind: 'refused', said }",
      red: 'what is no Redis > and closes them without a word',
    },
    {
      takes: 'that what a server says cannot steer a terminal',
      ...link,
      find: '  return printable(text, 300)',
      replace: '  return text',
      red: 'what is no Redis > and writes terminal sequences',
    },
  ]),
  ...teethOf({ file: 'src/sdk/redis-reach.ts', ...link }, [
    {
      takes: 'that a Redis which hangs until no connection fits any more is taken for one that hangs',
      find: 'if (waiting === 0) return',
      replace: 'if (waiting >= 0) return',
      red: 'a real server > that hangs while its clients come back and back is silent',
    },
  ]),
  ...teethOf({ file: 'src/sdk/redis-link.ts', ...link }, [
    {
      takes: 'that a server without TLS is not taken for one that hangs',
      find: "settings.tls !== null && state.kind === 'silent' && (await speaksPlainly(settings, bounds))",
      replace: 'false',
      red: 'a real server > with TLS is told from one without',
    },
    {
      takes: 'that what sends half an answer is not silent',
      find: "state.kind === 'silent' && bytes > 0",
      replace: "state.kind === 'silent' && bytes < 0",
      red: 'what is no Redis > and drips says something',
    },
    {
      takes: 'that an answer has an end',
      find: '      if (bytes <= answerBytesMax) return\n',
      replace: '      if (bytes >= 0) return\n',
      red: 'what is no Redis > and floods is cut off',
      hangs: true,
    },
  ]),
  ...teethOf({ file: 'src/sdk/redis-danger.ts', ...plan }, [
    {
      takes: 'that the role must be said',
      find: 'if (role === null) return',
      replace: 'if (role === undefined) return',
      red: `${unasked} > is demanded of the configuration: its role`,
    },
    {
      takes: 'that it must be said who takes over',
      find: 'if (failover === null) return',
      replace: 'if (failover === undefined) return',
      red: `${unasked} > is demanded of the configuration: who takes over`,
    },
    {
      takes: 'that the persistence must be said',
      find: 'if (persistence === null) return',
      replace: 'if (persistence === undefined) return',
      red: `${unasked} > is demanded of the configuration: its persistence`,
    },
    {
      takes: 'that a master without persistence is not started empty',
      find: "if (persistence !== 'none') return null",
      replace: "if (persistence !== '') return null",
      red: `${unasked} > a master with replicas and without persistence`,
    },
    {
      takes: 'that Sentinel is not worked against',
      find: "if (failover !== 'none' && !restartDespiteFailover) {",
      replace: "if (failover === 'cluster' && !restartDespiteFailover) {",
      red: `${unasked} > what sentinel manages is left to it`,
    },
    {
      takes: 'that a cluster is not worked against',
      find: "if (failover !== 'none' && !restartDespiteFailover) {",
      replace: "if (failover === 'sentinel' && !restartDespiteFailover) {",
      red: `${unasked} > what cluster manages is left to it`,
    },
    {
      takes: 'that a master whose data are gone is not started',
      find: "if (role !== 'master' || dataPath === null) return null",
      replace: "if (role !== '' || dataPath === null) return null",
      red: `${unasked} > a master whose data are not where they should be`,
    },
  ]),
  ...teethOf({ file: 'plugins/redis-restart.ts', ...plan }, [
    {
      takes: 'that a read-only replica is told from a master that is well',
      find: 'const seen: RedisState = misplaced ?',
      replace: 'const seen: RedisState = misplaced === null ?',
      red: 'a plan > is refused for a master that has become a read-only replica',
    },
    {
      takes: 'the look whether it answers again, right before the restart',
      find: 'if (down === null) throw nothingDone(describeState(state))',
      replace: "if (down === '') throw nothingDone(describeState(state))",
      red: 'a run > does nothing to a server that answers again',
    },
    {
      takes: 'the pinned process, looked at right before the restart',
      find: ' || !isDeepStrictEqual(found.pin, restarted)',
      replace: '',
      red: 'a run > does nothing to a server that answers again, or is another process',
    },
    {
      takes: 'that a plan holds for one address',
      find: 'if (address !== addressOf(settings) || ',
      replace: 'if (',
      red: 'a run > does nothing where the configuration means another server',
    },
    {
      takes: 'that a restart fits into the time that is left',
      find: 'if (context.now + params.answer + params.grace + restartMs >= context.deadlineAt) {',
      replace: 'if (context.now >= context.deadlineAt) {',
      red: 'a run > does nothing when its time does not fit',
    },
    {
      takes: 'that an action gets the settings of its own server',
      file: 'src/sdk/redis-settings.ts',
      find: 'if (parsed.name === target.name) return parsed',
      replace: "if (parsed.name !== '') return parsed",
      red: 'a plan > is refused for the settings of another server',
    },
  ]),
  ...teethOf({ file: 'src/sdk/restart-command.ts', ...plan }, [
    {
      takes: 'that only a process that listens on the port is ended',
      find: "  if (listens && down === 'silent') return old\n",
      replace: '  if (old.pid > 0) return old\n',
      red: 'by command > never ends a stranger',
    },
    {
      takes: 'that a process which runs is not ended for a wrong address',
      find: "  if (listens && down === 'silent') return old\n",
      replace: '  if (listens) return old\n',
      red: 'by command > never ends a server that listens on its port',
    },
    {
      takes: 'that what hangs is ended only by its pid file',
      find: "    if (down === 'refused') return null\n    return refuse(",
      replace: '    if (down) return null\n    return refuse(',
      red: 'by command > is refused for a hanging server without a pid file',
    },
    {
      takes: 'that a command starts no server for another machine',
      find: 'if (!isThisMachine(settings.host)) {',
      replace: "if (settings.host === '') {",
      red: 'by command > is refused for a server elsewhere',
    },
    {
      takes: 'that a restart which was begun and cut off is unknown',
      find: 'throw outcomeUnknown(`the restart was begun, but ${(cause as Error).message}`, cause)',
      replace: 'throw cause',
      red: 'a run > cut off after the old process was asked to end',
    },
    {
      takes: 'that arguments, which may hold secrets, stay out of the plan',
      find: 'const pin = { command, process: found }',
      replace: 'const pin = { command: argv.join(), process: found }',
      red: 'by command > shows no argument of its command',
    },
    {
      takes: 'that what ignores SIGTERM is killed',
      file: 'src/sdk/local-process.ts',
      find: "  if (await isSame(one)) process.kill(one.pid, 'SIGKILL')\n",
      replace: '',
      red: 'by command > a server that hangs is ended, by force',
    },
    {
      takes: 'that arguments are never read as shell',
      file: 'src/sdk/outliving.ts',
      find: '"$@" </dev/null',
      replace: 'sh -c "$*" </dev/null',
      red: 'by command > reads no shell out of its arguments',
    },
  ]),
  ...teethOf(places, [
    {
      takes: 'that a container which runs is left alone where nobody listens',
      file: 'src/sdk/restart-way.ts',
      find: "if (down === 'refused' && runs) return",
      replace: "if (down === '' && runs) return",
      red: 'by container > a running container is left alone where nobody listens',
    },
    {
      takes: 'that an ended container is left alone where something listens',
      file: 'src/sdk/restart-way.ts',
      find: "if (down === 'silent' && !runs)",
      replace: "if (down === '' && !runs)",
      red: 'by container > a running container is left alone where nobody listens, and an ended one',
    },
    {
      takes: 'the opt-in of the container of a Redis',
      file: 'src/sdk/find-container.ts',
      find: 'if (never !== null) return no(',
      replace: "if (never === '') return no(",
      red: 'by container > all guards of containers hold',
    },
    {
      takes: 'that the container of a Redis is left alone in a state that is not one to restart from',
      file: 'src/sdk/restart-container.ts',
      find: 'const busy = whyNotNow(info) ?? ',
      replace: 'const busy = ',
      red: 'by container > all guards of containers hold',
    },
    {
      takes: 'the start of the container as it was planned',
      file: 'src/sdk/restart-container.ts',
      find: 'pin: { container: text, id: info.Id, startedAt }',
      replace: "pin: { container: text, id: info.Id, startedAt: '' }",
      red: 'by container > one that hangs is restarted, and a container that was started by somebody else',
    },
    {
      takes: 'that a unit which does not run is no proof',
      file: 'src/sdk/restart-unit.ts',
      find: "if (active !== 'active') return",
      replace: "if (active === '') return",
      red: 'by systemd unit > is not proven while the unit is the same run',
    },
    {
      takes: 'that the same run of a unit is no proof',
      file: 'src/sdk/restart-unit.ts',
      find: "invocation !== '' && invocation !== pinShape.parse(pin).invocation",
      replace: "invocation !== ''",
      red: 'by systemd unit > is not proven while the unit is the same run',
    },
    {
      takes: 'that the unit of a Redis which is starting is left alone',
      file: 'src/sdk/restart-unit.ts',
      find: "['active', 'inactive', 'failed'].includes(active)",
      replace: "active !== ''",
      red: 'by systemd unit > is not restarted while it is activating',
    },
    {
      takes: 'that the unit of a Redis which is masked is left alone',
      file: 'src/sdk/restart-unit.ts',
      find: 'if (never !== null) return',
      replace: "if (never === '') return",
      red: 'by systemd unit > a unit that Hepar itself runs in is refused for good',
    },
    {
      takes: 'that a unit’s restart which was cut off is unknown',
      file: 'src/sdk/unit-restart.ts',
      find: 'if (ended.code === null) throw',
      replace: 'if (ended.code === -1) throw',
      red: 'by systemd unit > a failed restart says so, and one that is cut off is unknown',
    },
  ]),
  ...teethOf({ file: 'src/sdk/redis-proof.ts', ...proof }, [
    {
      takes: 'that an old run is no proof',
      find: 'if (startedBy < times.intendedAt - slackMs) {',
      replace: 'if (startedBy < 0) {',
      red: 'what INFO proves > does not show that a run older than the decision',
    },
    {
      takes: 'that a run which does not stay up is no proof',
      find: 'if (startedBy - 1_000 <= latest) return null',
      replace: 'if (latest > 0) return null',
      red: 'what INFO proves > does not show that a run that began long after',
    },
    {
      takes: 'that a run has a run_id',
      find: '!/^[0-9a-f]{40}$/.test(runId) || ',
      replace: '',
      red: 'what INFO proves > does not show that a server that names no run ',
    },
    {
      takes: 'the configured role',
      find: 'if (role !== wanted) return',
      replace: "if (role === '') return",
      red: 'verification > does not pass in another role',
    },
    {
      takes: 'the replica’s link to its master',
      find: "if (wanted === 'master' || masterLink === 'up') return null",
      replace: 'if (wanted) return null',
      red: 'verification > does not pass in another role than the configured one, nor as a replica without its master',
    },
    {
      takes: 'that loading has finished',
      find: "(info.loading ? 'it is still loading its data' : null)",
      replace: 'null',
      red: 'what INFO proves > does not show that a server still loading',
    },
    {
      takes: 'that what should keep a file does',
      find: "return persistence === 'aof' && !aof ?",
      replace: "return persistence === '' && !aof ?",
      red: 'what INFO proves > does not show that a server without its append-only file',
    },
    {
      takes: 'that the pinned process which goes on is no proof',
      file: 'src/sdk/restart-command.ts',
      find: 'if (old === null || (await findProcess(old.pid))?.startTicks !== old.startTicks) return null',
      replace: 'if (processId !== 0) return null',
      red: 'verification > does not pass on the old run that goes on',
    },
  ]),
  ...teethOf(families, [
    {
      takes: 'that what is born to outlive its runner is let go',
      find: 'return outlives ? null : parents',
      replace: 'return parents',
      red: lateBorn,
    },
    {
      takes: 'that what was seen before it said so is let go as well',
      find: 'return readOutlives(stat.pid) ? null : seen.marker',
      replace: 'return seen.marker',
      red: lateBorn,
    },
    {
      takes: 'that a child which is seen between two programs is asked again',
      find: '    if (outlives === undefined && stat.alive && !stat.bare) return undefined\n',
      replace: '',
      red: lateBorn,
    },
  ]),
  ...teethOf({ file: 'src/sdk/outliving.ts', ...outlives }, [
    {
      takes: 'that the restarted server leaves the group of its runner',
      find: '      detached: true,\n',
      replace: '',
    },
    {
      takes: 'that the restarted server gets its memory back',
      find: '  ulimit -S -d "$(ulimit -H -d)"\n',
      replace: '',
    },
    {
      takes: 'that the restarted server is not the first to be killed for memory',
      find: '  echo 0 >/proc/self/oom_score_adj\n',
      replace: '',
    },
    {
      takes: 'that what it writes can be read by others',
      find: 'umask 022\n',
      replace: '',
    },
  ]),
  ...teethOf(clear, [
    {
      takes: 'the allow-list of keys',
      find: 'return keys.length > 0 ? null :',
      replace: 'return keys ? null :',
      red: 'a plan > is refused for good where the configuration permits no key',
    },
    {
      takes: 'that only what is disposable is emptied',
      find: 'return disposable ? null :',
      replace: 'return keys ? null :',
      red: 'a plan > is refused for good where the configuration permits no key, and nothing may be emptied',
    },
    {
      takes: 'that a node of a cluster is left alone',
      find: "if (info.mode !== 'standalone') return",
      replace: "if (info.mode === '') return",
      red: 'a plan > is refused for a replica, a node of a cluster',
    },
    {
      takes: 'that a replica is not written to',
      find: "if (info.role !== 'master') return",
      replace: "if (info.role === '') return",
      red: 'a plan > is refused for a replica',
    },
    {
      takes: 'that without a bound there is no pressure',
      find: "if (pressure === null) return 'it has no maxmemory",
      replace: "if (pressure === undefined) return 'it has no maxmemory",
      red: 'a plan > is refused while the pressure is no longer there, while there is no bound',
    },
    {
      takes: 'that nothing is removed once the pressure is gone',
      find: 'if (pressure * 100 >= belowPercent) return null',
      replace: 'if (pressure * 100 >= 0) return null',
      red: 'a plan > is refused while the pressure is no longer there',
    },
    {
      takes: 'the planned run of the server, its database and its keys',
      find: 'if (!isDeepStrictEqual(pin, {',
      replace: 'if (isDeepStrictEqual(null, {',
      red: 'a run > does nothing when the configuration permits other keys',
    },
    {
      takes: 'that the database of the plan is the one that is cleared',
      find: "      await link.call('SELECT', settings.database)\n      const { batchKeys, keysMax } = params\n",
      replace: '      const { batchKeys, keysMax } = params\n',
      red: 'a run > acts on the database of the url alone',
    },
    {
      takes: 'that what has become a replica is not written to',
      find: "if (before.role !== 'master') throw",
      replace: "if (before.role === '') throw",
      red: 'a run > does nothing to another run of the server, nor where it has become a replica',
    },
    {
      takes: 'that the pressure, not the number of keys, is the proof',
      find: 'const passed = pressure !== null && pressure * 100 < params.belowPercent',
      replace: 'const passed = pressure !== null',
      red: 'a run > counts as no heal when the pressure stays',
    },
    {
      takes: 'that a restart is no proof of the clearing',
      find: 'if (info.runId !== pin.runId)',
      replace: "if (info.runId === '')",
      red: 'a run > does nothing to another run of the server, nor where it has become a replica; and a new run proves nothing',
    },
    {
      takes: 'the bound of keys',
      file: 'src/sdk/redis-keys.ts',
      find: "        if (keys >= keysMax) return { keys, end: 'keysMax' }\n",
      replace: '',
      red: 'a run > keeps to its bounds of keys',
      hangs: true,
    },
    {
      takes: 'the bound of time',
      file: 'src/sdk/redis-keys.ts',
      find: "      if (Date.now() >= until) return { keys, end: 'time' }\n",
      replace: '',
      red: 'a run > keeps to its time',
    },
    {
      takes: 'that the mirror of a safe mode is no cache',
      file: 'src/sdk/redis-keys.ts',
      find: 'kept.length === 0 ? all',
      replace: 'kept.length >= 0 ? all',
      red: 'a run > leaves the mirror of a safe mode where it is',
    },
    {
      takes: 'that a database which holds a mirror is not emptied',
      find: 'if (everything && mirror !== undefined) {',
      replace: "if (everything && mirror?.key === '') {",
      red: 'a run > leaves the mirror of a safe mode where it is',
    },
    {
      takes: 'that one server under two names is held once',
      file: 'src/sdk/redis-settings.ts',
      find: "isThisMachine(name) ? 'local' : name",
      replace: 'name',
      red: 'a plan > counts what would go',
    },
    {
      takes: 'that keys are bytes',
      file: 'src/sdk/redis-keys.ts',
      find: "link.callBuffer('SCAN'",
      replace: "link.call('SCAN'",
      red: 'a run > reads keys as bytes',
    },
  ]),
  ...teethOf(config, [
    {
      takes: 'that a pattern which matches every key is a mistake',
      find: "  (glob) => glob.replace(/\\[(\\\\.|[^\\]\\\\]-[\\s\\S]|[^\\]\\\\])*(\\\\?$|\\])|[*?]/g, '') !== '',\n",
      replace: "  (glob) => glob !== '',\n",
      red: 'redis > a pattern that would match every key is a mistake',
    },
    {
      takes: 'that a class left open in a pattern is read as Redis reads it',
      find: '*(\\\\?$|\\])|[*?]/g',
      replace: '*\\]|[*?]/g',
      red: 'redis > a pattern that would match every key is a mistake',
    },
  ]),
  ...teethOf({ file: 'src/app/secrets.ts', test: 'test/app/secrets.test.ts' }, [
    {
      takes: 'that passwords of Redis stay out of the log',
      find: '    ...redis.flatMap(({ password }) => (password ? [password.reveal()] : [])),\n',
      replace: '',
      red: 'every secret of a configuration is known to the log',
    },
  ]),
]
