import { teethOf } from './tooth.ts'

const gates = { test: 'test/engine/gates/gates.test.ts' }
const flapping = { test: 'test/engine/flapping.test.ts' }
const stories = { test: 'test/engine/gates/counting.ordeal.test.ts' }
const told = 'through alerts, crashes, restarts, operators and clocks that jump to either side by hours'
const loops = { file: 'src/engine/facts/find-loop.ts', test: 'test/engine/find-loop.test.ts' }
const places = { file: 'src/engine/turns/places.ts', test: 'test/engine/places.test.ts' }
const turns = { file: 'src/engine/turns/turns.ts', test: 'test/engine/places.test.ts' }
const queue = { file: 'src/adapters/queue/memory.ts', test: 'test/adapters/queue/memory.test.ts' }

/** What bounds doing the same again, and what keeps a crowd from holding others up. */
export const repetition = [
  ...teethOf(stories, [
    {
      takes: 'the budget of attempts, in random stories',
      file: 'src/engine/gates/attempt-budget.ts',
      find: 'used >= count',
      replace: 'used > count',
      red: `${told} > no more attempts begin on a target`,
    },
    {
      takes: 'the rate of all, in random stories',
      file: 'src/engine/gates/rate.ts',
      find: 'window.used >= window.count - kept(window)',
      replace: 'window.used > window.count - kept(window)',
      red: `${told} > no more attempts begin in all`,
    },
    {
      takes: 'the bound on what is done to one target, in random stories',
      file: 'src/engine/gates/flapping.ts',
      find: 'used >= count',
      replace: 'used > count',
      red: `${told} > no more is done to a target`,
    },
    {
      takes: 'the bound on loops, in random stories',
      test: 'test/engine/gates/cascade.ordeal.test.ts',
      file: 'src/engine/assess/gather.ts',
      find: '?? 0) < loops.count ? []',
      replace: '?? 0) <= loops.count ? []',
      red: 'no effect begins a third round',
    },
  ]),
  ...teethOf({ ...gates, file: 'src/engine/gates/flapping.ts' }, [
    {
      takes: 'the bound on what is done to one target',
      find: 'used >= count',
      replace: 'used > count',
      red: 'each gate blocks > flapping',
    },
    {
      takes: 'that of several windows the longest that is used up counts',
      find: 'Math.max(...(spent.length > 0 ? spent : actions)',
      replace: 'Math.min(...(spent.length > 0 ? spent : actions)',
      red: 'each gate blocks > flapping, for the longest of the windows',
    },
    {
      takes: 'that a target which flaps is left alone for its time',
      find: "why === 'flapping' && until > now",
      replace: "why === 'flapping' && until > now + 1e12",
      red: 'each gate blocks > flapping, while the target is left alone',
    },
  ]),
  ...teethOf({ ...gates, file: 'src/engine/gates/cascade.ts' }, [
    {
      takes: 'the bound on loops',
      find: 'if (chain === null)',
      replace: 'if (chain === null || chain.length > 0)',
      red: 'each gate blocks > cascade: a loop',
    },
    {
      takes: 'that all of a loop are left alone for their time',
      find: "why === 'loop' && until > now",
      replace: "why === 'loop' && until > now + 1e12",
      red: 'each gate blocks > cascade, while the loop is left alone',
    },
  ]),
  ...teethOf({ ...gates, file: 'src/engine/gates/rate.ts' }, [
    {
      takes: 'that a rate is used up with its last attempt',
      find: 'window.used >= window.count - kept(window)',
      replace: 'window.used > window.count - kept(window)',
      red: 'each gate blocks > rate: of all',
    },
    {
      takes: 'the rate of all playbooks together',
      find: 'const spent = [...own, ...all]',
      replace: 'const spent = [...own, ...all.slice(0, 0)]',
      red: 'each gate blocks > rate: of all',
    },
    {
      takes: 'the rate of a playbook',
      find: 'const spent = [...own, ...all]',
      replace: 'const spent = [...own.slice(0, 0), ...all]',
      red: 'each gate blocks > rate: of the playbook',
    },
    {
      takes: 'the share of the rate for the highest priority',
      find: 'return highest || count < 2 ? 0',
      replace: 'return highest || count > 0 ? 0',
      red: 'each gate blocks > rate: what is kept',
    },
  ]),
  ...teethOf(loops, [
    {
      takes: 'that a crowd hides no loop',
      find: 'return members.filter((effect)',
      replace: 'return effects.filter((effect)',
      red: 'a loop is found in a crowd, too',
    },
    {
      takes: 'that an illness which was there before an effect was not caused by it',
      find: 'effect.intendedAt <= illSince && ',
      replace: '',
      red: 'an illness that began before an effect',
    },
    {
      takes: 'that an illness long after an effect was not caused by it',
      find: 'illSince <= endedAt + aftermathMs && ',
      replace: '',
      red: 'an illness that began before an effect',
    },
    {
      takes: 'that a relapse of one place is no loop',
      find: ' && placeOf(effect) !== placeOf(of)',
      replace: '',
      red: 'a relapse of one place',
    },
    {
      takes: 'that each round of a loop has the same places',
      find: 'else if (place !== placeOf(longer[longer.length - 1 - period]!)) continue',
      replace: 'else if (place === "") continue',
      red: 'to come back through other places',
    },
    {
      takes: 'the bound on the search',
      find: 'const visitsMax = 2_000',
      replace: 'const visitsMax = 2_000_000',
      red: 'a crowd in which everything may have caused everything',
    },
  ]),
  ...teethOf(flapping, [
    {
      takes: 'that a relapse of what flaps is not told again',
      file: 'src/engine/end/leave-alone.ts',
      find: '  if (known !== undefined) {',
      replace: '  if (known !== undefined && known.since < 0) {',
      red: 'a target that flaps > with a heal that holds',
    },
    {
      takes: 'that a relapse of what was handed over is not told again',
      file: 'src/engine/end/hand-over.ts',
      find: '  if (isOldNews(incident, attempts, now)) {',
      replace: '  if (isOldNews(incident, attempts, now) && now < 0) {',
      red: 'a target that flaps > every twenty seconds',
    },
    {
      takes: 'that a relapse makes the time longer',
      file: 'src/engine/end/leave-alone.ts',
      find: 'until: longer(known, now + leaves.windowMs)',
      replace: 'until: longer(known, known.until)',
      red: 'a target that flaps > with a heal that holds',
    },
    {
      takes: 'that a target which goes on is looked at again after a day',
      file: 'src/engine/end/leave-alone.ts',
      test: 'test/engine/leave-alone.test.ts',
      find: 'Math.min(wanted, since + leftAloneMaxMs)',
      replace: 'wanted',
      red: 'a relapse makes the while longer, and a day after a person was told',
    },
    {
      takes: 'that all places of a loop are left alone',
      file: 'src/engine/end/leave-alone.ts',
      test: 'test/engine/loops.test.ts',
      find: 'for (const target of leaves.targets) {',
      replace: 'for (const target of leaves.targets.slice(0, 1)) {',
      red: 'effects that make each other necessary > are a loop after two rounds',
    },
    {
      takes: 'that who resumes one place of a loop resumes them all',
      file: 'src/adapters/store/left-alone-table.ts',
      test: 'test/engine/loops.test.ts',
      find: 'for (const one of new Set([target, ...targets])) {',
      replace: 'for (const one of new Set([target])) {',
      red: 'effects that make each other necessary > begin again when a person resumes one of them',
    },
    {
      takes: 'that what was done before a person resumed it counts no more',
      file: 'src/adapters/store/left-alone-table.ts',
      find: '        await pardon(one, 0)\n',
      replace: '',
      red: 'a target that flaps > is treated again when a person resumes it',
    },
    {
      takes: 'that a person who resumes it ends it',
      file: 'src/engine/operate/operate.ts',
      find: 'await tx.takeUpAgain(incident.target)',
      replace: '[] as string[]',
      red: 'a target that flaps > is treated again when a person resumes it',
    },
    {
      takes: 'that what is only observed pages nobody when it flaps',
      file: 'src/engine/assess/record-verdict.ts',
      find: "if (!observed && blockedBy?.result === 'block' && blockedBy.leaves)",
      replace: "if (blockedBy?.result === 'block' && blockedBy.leaves)",
      red: 'a target that flaps > that is only observed',
    },
  ]),
  ...teethOf(places, [
    {
      takes: 'the place for the highest priority',
      find: '!highest && max() > 1 ? 1 : 0',
      replace: '0',
      red: 'the last place is kept',
    },
    {
      takes: 'that a place is kept for a moment for whom it was called',
      find: 'return free(highest) > others.length',
      replace: 'return free(highest) > 0 * others.length',
      red: 'a place is free for who was called',
    },
    {
      takes: 'that a place is kept only for a moment',
      find: 'until: now() + calledForMs',
      replace: 'until: now() + calledForMs * 1e6',
      red: 'a place is free for who was called, for a second, and then for others',
    },
    {
      takes: 'that who is gone is passed over',
      find: '      if (!onCall(next.incident)) forget(next.incident)\n',
      replace: '      onCall(next.incident)\n',
      red: 'who was called and took no place gives way to the next, and who is gone',
    },
    {
      takes: 'that whoever was called and took no place gives way',
      find: '      forget(incident)\n      call()\n',
      replace: '      forget(incident)\n',
      red: 'who was called and took no place',
    },
  ]),
  ...teethOf(turns, [
    {
      takes: 'the order of priorities',
      find: 'if (a.priority !== b.priority)',
      replace: 'if (a.priority === Number.NaN)',
      red: 'who waits is called when there is a place',
    },
    {
      takes: 'that one playbook of a priority starves no other',
      find: 'return served(a) - served(b) || a.since - b.since',
      replace: 'return a.since - b.since',
      red: 'who waits is called when there is a place',
    },
    {
      takes: 'that no priority starves another',
      find: 'const aged = turn % agedEvery === 0',
      replace: 'const aged = turn < agedEvery - agedEvery',
      red: 'no priority starves',
    },
  ]),
  ...teethOf(queue, [
    {
      takes: 'the seats that a crowd leaves to others',
      find: 'running.size() >= line.seats',
      replace: 'line.seats < 0',
      red: 'a crowd that hangs leaves seats',
    },
    {
      takes: 'the turns of the queue',
      find: 'const next = turns.next(lines.flatMap(headOf))',
      replace: 'const next = lines.flatMap(headOf).at(-1) ?? null',
      red: 'what is under way comes first',
    },
    {
      takes: 'that a freed seat need not wait for the next look',
      find: 'if (advance !== null) begin(advance)',
      replace: '',
      red: 'looks that take long leave the process to others',
    },
    {
      takes: 'the rest after a look that took long',
      file: 'src/adapters/queue/looking.ts',
      find: 'if (restMs > 0) {',
      replace: 'if (restMs > restMaxMs) {',
      red: 'looks that take long leave the process to others',
    },
  ]),
  ...teethOf({ file: 'src/engine/assess/assess.ts', test: 'test/engine/assess.test.ts' }, [
    {
      takes: 'that each effect takes its place, also of those that were assessed at the same moment',
      find: 'if (!effects.places.take(asker)) {',
      replace: 'if (!effects.places.take(asker) && !asker) {',
      red: 'of those that are assessed at the same moment',
    },
  ]),
]
