import { teethOf } from './tooth.ts'

const gates = { test: 'test/engine/gates/gates.test.ts' }
const pauses = { test: 'test/engine/pauses.test.ts' }
const dependencies = { test: 'test/engine/dependencies.test.ts' }

/** Pauses, windows of maintenance, active hours, dependencies, and what happens after them. */
export const pausing = [
  ...teethOf(gates, [
    {
      takes: 'that a pause holds until the last of several ends',
      file: 'src/engine/facts/pauses.ts',
      find: 'const end = Math.max(',
      replace: 'const end = Math.min(',
      red: 'each gate blocks > pauses: one that somebody placed',
    },
    {
      takes: 'that a pause holds from its beginning on',
      file: 'src/engine/facts/pauses.ts',
      find: 'hasBegun(pause, now) && (pause.until',
      replace: '(pause.until',
      red: 'each gate blocks > a pause holds back neither what it does not cover',
    },
    {
      takes: 'that a pause ends with its time',
      file: 'src/engine/facts/pauses.ts',
      find: 'pause.until === null || pause.until > now',
      replace: 'pause.until === null || pause.until > 0',
      red: 'each gate blocks > a pause holds back neither what it does not cover',
    },
    {
      takes: 'that a target which depends on itself goes to a person',
      file: 'src/engine/gates/dependencies.ts',
      find: 'if (targets.includes(incident.target)) {',
      replace: "if (targets.includes('')) {",
      red: 'each gate blocks > dependencies: it depends on itself',
    },
    {
      takes: 'that a window of the configuration is a pause',
      file: 'src/engine/facts/pauses.ts',
      find: 'return stretch === null\n',
      replace: 'return stretch !== null\n',
      red: 'each gate blocks > pauses: a window of the configuration',
    },
    {
      takes: 'that a star in a pause stands for slashes',
      file: 'src/domain/pause.ts',
      find: 'matchesGlob(scope.target, target)',
      replace: "matchesGlob(scope.target, target, '/')",
      red: 'each gate blocks > pauses: a window of the configuration',
    },
    {
      takes: 'the active hours',
      file: 'src/engine/gates/active-hours.ts',
      find: 'if (stretch !== null) return',
      replace: 'if (stretch !== null || now > 0) return',
      red: 'each gate blocks > active_hours',
    },
    {
      takes: 'that a dependency that cannot be told blocks',
      file: 'src/engine/gates/dependencies.ts',
      find: 'if (!dependencies.ok) {',
      replace: "if (!dependencies.ok) return pass('nothing is known')\n    if (!dependencies.ok) {",
      red: 'each gate blocks > dependencies: what it depends on cannot be told',
    },
    {
      takes: 'that a dependency that is ill blocks',
      file: 'src/engine/gates/dependencies.ts',
      find: 'if (first === undefined) return',
      replace: 'if (first === undefined || targets.length > 0) return',
      red: 'each gate blocks > dependencies: what it depends on is ill',
    },
  ]),
  ...teethOf(pauses, [
    {
      takes: 'that what waited starts one after another',
      file: 'src/engine/assess/await-turn.ts',
      find: '  if (at <= now) return false\n',
      replace: '  if (at <= now || playbook.priority < 1e9) return false\n',
      red: 'after a pause > what waited starts one after another',
    },
    {
      takes: 'that the most urgent starts first',
      file: 'src/engine/turns/pace.ts',
      find: 'else if (other > rank) isNext = false',
      replace: 'else if (other > 1e9) isNext = false',
      red: 'after a pause > what waited starts one after another',
    },
    {
      takes: 'that maintenance holds hand-overs back',
      file: 'src/engine/next.ts',
      find: "command.do === 'hand_over' && maintenance !== null",
      replace: "command.do === 'rest' && maintenance !== null",
      red: 'a window of maintenance > holds a hand-over of the ladder back',
    },
    {
      takes: 'that time in maintenance is no wait',
      file: 'src/engine/assess/record-verdict.ts',
      find: 'observed || maintenance !== null ? null',
      replace: 'observed ? null',
      red: 'a window of maintenance > holds effects and hand-overs back',
      // Its time would be over all the while, so that it is due again at once for ever.
      hangs: true,
    },
    {
      takes: 'that an unknown end is told after the maintenance',
      file: 'src/engine/next.ts',
      find: "  if (owed) return { do: 'hand_over', ...owed }\n  return nextWhenQuiet",
      replace: '  return nextWhenQuiet',
      red: 'a window of maintenance > that begins while an effect runs',
    },
    {
      takes: 'that a pause of a playbook which nobody knows is refused',
      file: 'src/engine/operate/scoped-pauses.ts',
      find: '  refuseUnknown(wanted.playbook, ports)\n',
      replace: '',
      red: 'pauses > are bounded in number, and one that cannot be meant is refused',
    },
    {
      takes: 'that what waited gets its turns slowly enough',
      file: 'src/engine/turns/pace.ts',
      find: 'let at = lastAt + gapMs',
      replace: 'let at = lastAt + gapMs / 4',
      red: 'after a pause > what waited starts one after another',
    },
    {
      takes: 'that pauses are bounded in number',
      file: 'src/engine/operate/scoped-pauses.ts',
      find: '.length >= pausesMax',
      replace: '.length >= 2 * pausesMax',
      red: 'pauses > are bounded in number',
    },
  ]),
  ...teethOf(dependencies, [
    {
      takes: 'that what waited for a cause looks again when it is closed',
      file: 'src/engine/turns/waking.ts',
      find: "else if (type === 'incident.closed' && ",
      replace: "else if (type === 'incident.opened' && ",
      red: 'when the cause is well and a leaf is not',
    },
  ]),
  ...teethOf({ ...pauses, file: 'src/engine/turns/waking.ts' }, [
    {
      takes: 'that what waited looks again when a pause is lifted',
      find: "  'pause.lifted': 'pause',\n",
      replace: '',
      red: 'after a pause > what waited starts one after another, the most urgent first, and never in a burst: lifted by hand',
    },
    {
      takes: 'that what waited looks again when the stop switch is made shorter',
      find: "  'pause.set': 'pause',\n",
      replace: '',
      red: 'after a pause > what waited starts one after another, the most urgent first, and never in a burst: the stop switch set anew',
    },
  ]),
  ...teethOf(pauses, [
    {
      takes: 'that a clock which is set back lifts no pause',
      file: 'src/engine/facts/pauses.ts',
      find: 'return from <= since || from <= now',
      replace: 'return from <= now',
      red: 'pauses > hold on when the clock is set back',
    },
    {
      takes: 'that a change is not Hepar’s own because of an effect that lies ahead',
      file: 'src/engine/gates/override.ts',
      test: 'test/engine/gates/override.test.ts',
      find: ' && ownEffect.beganAt <= now',
      replace: '',
      red: 'a target that somebody else touched > is not taken for Hepar’s own while that lies ahead',
    },
    {
      takes: 'that nobody makes the stop switch of somebody else shorter',
      file: 'src/engine/operate/stop-switch.ts',
      test: 'test/engine/operate.test.ts',
      find: '  if (pause !== null) refuseToShorten(present, pause, { by, now })\n',
      replace: '',
      red: 'the stop switch of somebody is not made shorter by somebody else',
    },
  ]),
  ...teethOf({ test: 'test/engine/storm.life.test.ts' }, [
    {
      takes: 'that all look again when a person ends a storm',
      file: 'src/engine/turns/waking.ts',
      find: "  'storm.released': 'storm',\n",
      replace: '',
      red: 'a storm of 30 > of hundreds lets all of them look again',
    },
  ]),
]
