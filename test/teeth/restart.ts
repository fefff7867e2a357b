import { teethOf } from './tooth.ts'

const plugin = { file: 'plugins/container-restart.ts', test: 'test/plugins/container-restart.test.ts' }
const guard = { file: 'src/sdk/container-guard.ts', test: 'test/sdk/container-guard.test.ts' }
const lifeline = { file: 'src/sdk/lifeline.ts', test: 'test/sdk/lifeline.test.ts' }
const engine = { file: 'src/sdk/container-engine.ts' }
const later = 'a container that is not in a state to be restarted is left for later'

/** What container-restart refuses, and that it touches the planned container and no other. */
export const restart = [
  ...teethOf(guard, [
    {
      takes: 'the opt-in',
      find: '  return `it is not opted in: give it the label hepar.enable=true, or add "${host}/${name}" to docker.allow`\n',
      replace: '  return null\n',
      red: 'permission > is by label or by allow-list, and absent otherwise',
    },
    {
      takes: 'that hepar.enable=false takes permission back',
      find: '  if (label !== undefined) return `its label',
      replace: '  if (label === "") return `its label',
      red: 'permission > is taken back by hepar.enable=false and by docker.protect',
    },
    {
      takes: 'docker.protect',
      find: '  if (shield !== undefined) return `docker.protect',
      replace: '  if (shield === "") return `docker.protect',
      red: 'permission > is taken back by hepar.enable=false and by docker.protect',
    },
    {
      takes: 'that a swarm’s containers are left to it',
      find: "  ['com.docker.swarm.', 'Docker Swarm'],\n",
      replace: '',
      red: 'permission > is refused for what Docker Swarm manages',
    },
    {
      takes: 'that Kubernetes’ containers are left to it',
      find: "  ['io.kubernetes.', 'Kubernetes'],\n",
      replace: '',
      red: 'permission > is refused for what Kubernetes manages',
    },
    {
      takes: 'that a name which only Kubernetes gives is left to it',
      find: "info.Name.startsWith('/k8s_')",
      replace: "info.Name.startsWith('/kubernetes_')",
      red: 'permission > is refused for a name only Kubernetes gives',
    },
    {
      takes: 'that a container which a stop would remove is not stopped',
      find: "    (info.HostConfig.AutoRemove ? 'it was started with --rm, so stopping it would remove it' : null) ??\n",
      replace: '',
      red: 'permission > is refused where a stop would remove the container',
    },
    {
      takes: 'that Hepar does not restart itself',
      find: '    whySelf(info, settings) ??\n',
      replace: '',
      red: 'permission > is refused for the container in which Hepar runs',
    },
    {
      takes: 'that what is restarting is left alone',
      find: "  if (state === 'restarting') return 'it is already restarting'\n",
      replace: "  if (state === 'restarting') return null\n",
      red: `${later} > restarting`,
    },
    {
      takes: 'that what is starting is left alone',
      find: "if (state === 'running' && healthOf(info) === 'starting') {",
      replace: "if (state === 'created' && healthOf(info) === 'starting') {",
      red: `${later} > starting`,
    },
    {
      takes: 'that what somebody paused stays paused',
      find: "  if (state === 'paused') return",
      replace: "  if (state === 'paused') return null\n  if (state === 'frozen') return",
      red: `${later} > paused`,
    },
  ]),
  ...teethOf(lifeline, [
    {
      takes: 'that what has the port of Hepar’s Prometheus is not touched',
      find: '    if (same) return { reason: place, sure: true }\n',
      replace: '',
      red: 'a lifeline > is what publishes the port of Hepar’s Prometheus',
    },
    {
      takes: 'that what answers to the name of a lifeline is not touched',
      find: '    if (names.has(host.toLowerCase())) return',
      replace: '    if (names.has(host) && port === 0) return',
      red: 'a lifeline > is what answers to its name',
    },
    {
      takes: 'that a lifeline which cannot be told apart is held back',
      find: '    if (same === null) return {',
      replace: '    if (same === null && ports.length === 0) return {',
      red: 'a lifeline > is held back, not refused',
    },
  ]),
  ...teethOf(plugin, [
    {
      takes: 'the exact name',
      ...engine,
      find: 'Names?.includes(`/${name}`)',
      replace: 'Names?.some((known) => known.includes(name))',
      red: 'a plan > does not take a name for the beginning of an id, nor for a part of another name',
    },
    {
      takes: 'that a healthy container which was just started is left alone',
      find: '?? (await whyTooYoung(engine, info, minUptime, context))',
      replace: '',
      red: 'a plan > leaves a healthy container alone that was started a moment ago',
    },
    {
      takes: 'the pinned id, looked at right before the restart',
      find: 'if (changed !== null) throw notStarted(',
      replace: "if (changed === '') throw notStarted(",
      red: 'a run > does nothing when somebody restarted, renamed or paused it',
    },
    {
      takes: 'that a container named like the pinned id is not taken for it',
      ...engine,
      find: 'return info.Id === id ? info : null',
      replace: 'return info',
      red: 'a run > does nothing to a container that is named like the planned one’s id',
    },
    {
      takes: 'that the grace fits into the time that is left',
      find: 'if (context.now + graceSeconds * 1_000 >= context.deadlineAt) {',
      replace: 'if (context.now >= context.deadlineAt) {',
      red: 'a run > does nothing when the grace does not fit',
    },
    {
      takes: 'that a restart which was cancelled in time has certainly not begun',
      ...engine,
      find: "      if (abortSignal.aborted) throw new Error('nothing was done: the step was cancelled before its restart')\n",
      replace: '',
      test: 'test/sdk/container-engine.test.ts',
      red: 'a restart that was cancelled before it was asked for',
    },
    {
      takes: 'that a restart whose end nobody saw is unknown',
      ...engine,
      test: 'test/sdk/container-engine.test.ts',
      find: 'throw nothingBegan(cause) ? problem : outcomeUnknown(`the restart',
      replace: 'throw nothingBegan(cause) || problem ? problem : outcomeUnknown(`the restart',
      red: 'an engine that ends, or hangs, in the middle of a restart leaves its outcome unknown',
    },
    {
      takes: 'that an action gets the settings of its own host',
      find: 'if (settings.host !== target.place) {',
      replace: "if (settings.host === '') {",
      red: 'a plan > needs the exact host it has settings for',
    },
  ]),
]
