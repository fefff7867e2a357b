import { teethOf } from './tooth.ts'

const folder = 'src/adapters/actions'
const actions = { test: 'test/adapters/actions/actions.test.ts' }
const misbehaviour = { test: 'test/adapters/actions/misbehaviour.test.ts' }
const survivors = { test: 'test/adapters/actions/survivors.test.ts' }
const unknown = 'an effect whose outcome nobody knows is unknown'
const left = 'what an effect leaves behind is gone when its result is known'

/** Plugin processes: when they may begin, what bounds them, and that nothing of them stays. */
export const runners = [
  ...teethOf(actions, [
    {
      takes: 'that a runner refuses to begin later than allowed after its intent',
      file: `${folder}/performing.ts`,
      find: 'if (Math.abs(ageMs) > startWithinMs) {',
      replace: 'if (Math.abs(ageMs) > startWithinMs * 1e6) {',
      red: 'an effect > does not begin later than allowed',
    },
    {
      takes: 'that a clock which was set back begins nothing',
      file: `${folder}/performing.ts`,
      find: 'if (Math.abs(ageMs) > startWithinMs) {',
      replace: 'if (ageMs > startWithinMs) {',
      red: 'an effect > does not begin before its intent by the wall clock',
    },
    {
      takes: 'the allow-list of the environment',
      file: `${folder}/runner-process.ts`,
      find: '    env: environment(),\n',
      replace: '    env: { ...process.env, ...environment() },\n',
      red: 'an effect > sees no more of the environment than it needs',
    },
    {
      takes: 'that a stopping Hepar begins no effect',
      file: `${folder}/actions.ts`,
      find: "        if (signal.aborted) return { kind: 'not_started', reason: 'Hepar is stopping' }\n",
      replace: '',
      red: 'an effect > does not begin when Hepar is stopping',
      hangs: true,
    },
    {
      takes: 'that a runner is gone after its effect',
      file: `${folder}/actions.ts`,
      find: "        await runner.end('its effect is over')\n",
      replace: '',
      red: 'an effect > happens once, in a runner of its own that is gone afterwards',
    },
    {
      takes: 'that an unmapped place is never touched',
      file: `${folder}/actions.ts`,
      find: "        if (!('settings' in place)) return { kind: 'not_started', reason: reasonOf(place) }\n",
      replace: "        if (!('settings' in place)) return { kind: 'done', report: {} }\n",
      red: 'an unmapped place > is refused for good',
    },
    {
      takes: 'that an action acts on no other kind of target',
      file: `${folder}/actions.ts`,
      find: 'if (reading.target.kind !== action.kind) {',
      replace: 'if (reading.target.kind === action.name) {',
      red: 'a plan > is refused for a target of another kind',
    },
    {
      takes: 'that closing ends all runners',
      file: `${folder}/runner-pool.ts`,
      find: "      await Promise.all([...living].map((runner) => runner.end('Hepar is closing')))\n",
      replace: '',
      red: 'closing leaves no process behind',
      hangs: true,
    },
  ]),
  ...teethOf({ test: 'test/adapters/actions/catalogue.test.ts', file: `${folder}/loading.ts` }, [
    {
      takes: 'that a plugin file which changed is not loaded',
      find: 'if (sha256(source) !== fileDigest) {',
      replace: "if (sha256(source) === '') {",
      red: 'a plugin file that changed after it was described > is neither planned nor run',
    },
  ]),
  ...teethOf(misbehaviour, [
    {
      takes: 'the deadline of an effect',
      file: `${folder}/dialogue.ts`,
      find: '    killer = setTimeout(() => kill(reason), runnerLimits.abortGraceMs)\n',
      replace: '',
      red: `${unknown}, and only its own step is hurt > loop`,
      hangs: true,
    },
    {
      takes: 'that a failure after the deadline is none: its effect may have been sent',
      file: `${folder}/outcomes.ts`,
      find: "  if (late !== null) return { kind: 'unknown', reason: late }\n",
      replace: '',
      red: `${unknown}, and only its own step is hurt > throw-on-abort`,
    },
    {
      takes: 'the memory limit of a runner and its children',
      file: `${folder}/memory-watch.ts`,
      find: 'if (bytes > bytesMax) take(marker)?.(bytes)',
      replace: 'if (bytes > bytesMax * 1e3) take(marker)?.(bytes)',
      red: `${unknown}, and only its own step is hurt > buffers-in-child`,
    },
    {
      takes: 'the limit on what a plugin prints',
      file: `${folder}/output.ts`,
      find: 'if (bytes > bytesMax) exceeded()',
      replace: 'if (bytes > bytesMax * 1e6) exceeded()',
      red: `${unknown}, and only its own step is hurt > print`,
    },
    {
      takes: 'the limit on the size of an answer',
      file: `${folder}/runner.ts`,
      find: 'else if (byteLength(text) > runnerLimits.answerBytesMax) {',
      replace: 'else if (byteLength(text) < 0) {',
      red: `${unknown}, and only its own step is hurt > huge`,
    },
    {
      takes: 'that only who was asked can answer',
      file: `${folder}/dialogue.ts`,
      find: 'open !== null && answer.id === open.id && settle',
      replace: 'open !== null && settle',
      red: `${unknown}, and only its own step is hurt > forge`,
    },
    {
      takes: 'the limit on nesting of what a plugin sends',
      file: `${folder}/messages.ts`,
      find: 'if (depth > depthMax) throw',
      replace: 'if (depth > depthMax * 1e6) throw',
      red: `${unknown}, and only its own step is hurt > deep`,
    },
    {
      takes: 'that an effect which ends without a word is unknown',
      file: `${folder}/outcomes.ts`,
      find: "{ kind: reply.asked ? 'unknown' : 'not_started', reason: reply.reason }",
      replace: "{ kind: 'not_started', reason: reply.reason }",
      red: `${unknown}, and only its own step is hurt > exit-0`,
    },
    {
      takes: 'that a plugin’s own doubt makes its effect unknown',
      file: `${folder}/runner.ts`,
      find: "  if ((error as { readonly code?: unknown }).code === 'outcome_unknown') return true\n",
      replace: '',
      red: `${unknown}, and only its own step is hurt > throw-doubt`,
    },
    {
      takes: 'that the relatives of a runner are ended with it',
      file: `${folder}/live-runner.ts`,
      find: '    await endRelatives()\n',
      replace: '',
      red: `${left} > daemon`,
    },
    {
      takes: 'that relatives are known by their parents, however bare their environment',
      file: `${folder}/families.ts`,
      find: 'known.get(stat.parent)?.marker ?? null',
      replace: 'null',
      red: `${left} > bare-child`,
    },
  ]),
  ...teethOf(survivors, [
    {
      takes: 'that a Hepar which was suspended still ends what a runner left',
      file: `${folder}/survivors.ts`,
      find: 'const late = looks > looksMin && performance.now() > giveUpAt',
      replace: 'const late = performance.now() > giveUpAt',
      red: 'what is left of a runner > is ended by a Hepar that was suspended',
    },
    {
      takes: 'that relatives are known by their marker',
      file: `${folder}/families.ts`,
      find: 'return readMarker(stat.pid)',
      replace: 'return null',
      red: 'what is left of a runner > is ended by pid and start time, and by its marker',
    },
    {
      takes: 'that runners end with a Hepar that was killed',
      file: `${folder}/runner-process.ts`,
      find: '  read -r _ <&3\n  kill -9 $$\n',
      replace: '  sleep 60\n  kill -9 $$\n',
      red: 'kill -9 of Hepar > ends its runners, blank ones too, with all they started (child-and-sleep)',
    },
    {
      takes: 'that what a runner started ends with a Hepar that was killed',
      file: `${folder}/runner-process.ts`,
      find: '    kill -9 "\\${pid%/environ}"\n',
      replace: '    true "\\${pid%/environ}"\n',
      red: 'kill -9 of Hepar > ends its runners, blank ones too, with all they started (child-and-sleep)',
    },
    {
      takes: 'that survivors are ended by their marker',
      file: `${folder}/survivors.ts`,
      find: "      if (isSame({ pid, startTicks })) killNow(pid, 'process')\n",
      replace: '',
      red: 'what is left of a runner > is ended by pid and start time, and by its marker',
    },
    {
      takes: 'that a stranger with the pid of a runner is left alone',
      file: `${folder}/families.ts`,
      find: 'if (readStat(pid)?.startTicks === startTicks) sessions.set(pid, marker)',
      replace: 'if (readStat(pid) !== null && startTicks) sessions.set(pid, marker)',
      red: 'what is left of a runner > is never a stranger',
    },
    {
      takes: 'that nothing is ended after another boot',
      file: `${folder}/survivors.ts`,
      find: '  if (runner.bootId !== readBootId()) return []\n',
      replace: '',
      red: 'what is left of a runner > is never a stranger',
    },
    {
      takes: 'that a marker is compared whole',
      file: `${folder}/process-table.ts`,
      find: '  const entry = variables.find((line) => line.startsWith(prefix))\n',
      replace:
        "  const text = variables.join('\\0')\n  const at = text.indexOf(prefix)\n  const entry = at < 0 ? undefined : text.slice(at, at + prefix.length + 36)\n",
      red: 'what is left of a runner > is never a stranger',
    },
  ]),
  ...teethOf({ test: 'test/adapters/actions/place-settings.test.ts', file: `${folder}/place-settings.ts` }, [
    {
      takes: 'that a host nobody configured has no settings',
      find: 'docker.hosts.find(({ name }) => name === place)',
      replace: 'docker.hosts.find(({ name }) => name === place) ?? config.docker.hosts[0]',
      red: 'the settings of a container > are refused for a host that nobody configured',
    },
    {
      takes: 'Hepar’s own lifelines',
      find: 'const lifelines = [...lifelinesOf(config), ...more]',
      replace: 'const lifelines = [...more]',
      red: 'the settings of a container > name its host, how to reach it',
    },
    {
      takes: 'that Hepar knows its own container',
      find: '    if (id !== undefined) ids.add(id)\n',
      replace: '',
      red: 'the container that Hepar runs in > is known by the files that Docker mounts into it',
    },
  ]),
]
