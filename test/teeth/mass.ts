import { teethOf } from './tooth.ts'

/** What tells a mass failure from single faults. */
export const mass = [
  ...teethOf({ test: 'test/engine/unwell.test.ts', file: 'src/engine/facts/unwell.ts' }, [
    {
      takes: 'that playbooks which count one fleet share its blast radius',
      find: 'of !== null && other.limits',
      replace: 'of === null && other.limits',
      red: 'playbooks that count one fleet share its blast radius',
    },
  ]),
  ...teethOf({ test: 'test/engine/gates/gates.test.ts', file: 'src/engine/gates/blast-radius.ts' }, [
    {
      takes: 'that the target about to be acted on counts as ill',
      find: 'if (others + 1 <= max)',
      replace: 'if (others <= max)',
      red: 'blast radius > the third of eight may not',
    },
    {
      takes: 'that a share is rounded down',
      find: 'Math.floor((total.value',
      replace: 'Math.ceil((total.value',
      red: 'blast radius > seven are rounded down',
    },
    {
      takes: 'that a fleet too small for its share is left to people',
      find: '    if (max === 0) return never(bound, said, facts)\n',
      replace: '',
      red: 'blast radius > a quarter of three is nobody',
    },
    {
      takes: 'that of share and count the smaller holds',
      find: 'if (count !== null && count <= share) return',
      replace: 'if (count !== null) return',
      red: 'blast radius > of both bounds the share holds',
    },
    {
      takes: 'that a count bounds',
      find: 'max: count ?? Number.POSITIVE_INFINITY, bound: `max',
      replace: 'max: Number.POSITIVE_INFINITY, bound: `max',
      red: 'blast radius > one more than the count',
    },
    {
      takes: 'that a total which nobody could tell blocks',
      find: 'if (!total.ok) return total',
      replace: 'if (!total.ok) return counted',
      red: 'blast radius > nobody answers',
    },
    {
      takes: 'that a fleet of unknown size blocks',
      find: "return { ok: false, reason: 'nobody was asked' }",
      replace: 'return counted',
      red: 'blast radius > nobody was asked',
    },
  ]),
  ...teethOf({ test: 'test/engine/fleet.test.ts', file: 'src/engine/facts/fleet.ts' }, [
    {
      takes: 'that an old total is none',
      find: 'if (sample.at < clock.now() - sampleAgeMaxMs) {',
      replace: 'if (sample.at < 0) {',
      red: 'an old sample is no total',
    },
    {
      takes: 'that one sample of several is no total',
      find: '  if (more.length > 0) return',
      replace: '  if (more.length > 1e6) return',
      red: 'two samples is no total',
    },
    {
      takes: 'that without an alert there is nobody to ask',
      find: "if (source === undefined) return { ok: false, reason: 'no alert names a source that could be asked' }",
      replace: 'if (source === undefined) return { ok: true, value: 1e6 }',
      red: 'without an alert there is nobody to ask',
    },
    {
      takes: 'that what is no number of targets is no total',
      find: '!Number.isFinite(sample.value) || sample.value < 0',
      replace: 'sample.value < 0',
      red: 'NaN is no total',
    },
  ]),
  ...teethOf({ test: 'test/engine/gates/gates.test.ts', file: 'src/engine/gates/storm-latch.ts' }, [
    {
      takes: 'the latch of a storm',
      find: "if (phase === 'latched') {",
      replace: "if (phase === 'latched' && limits.incidentsMax < 0) {",
      red: 'storm latch > blocks while it is latched',
    },
    {
      takes: 'that a storm asks nothing of the world',
      find: '  early: true,\n',
      replace: '',
      red: 'storm latch > blocks while it is latched, and before anything',
    },
    {
      takes: 'that a storm holds before anybody has written it down',
      find: 'settledStorm(stored.storm, limits, now)',
      replace: 'stored.storm',
      red: 'storm latch > blocks on the facts alone',
    },
    {
      takes: 'that the ramp is as narrow as it says',
      find: 'if (left > 0)',
      replace: 'if (left >= 0)',
      red: 'storm latch > lets the ramp',
    },
  ]),
  ...teethOf({ test: 'test/engine/storm.life.test.ts' }, [
    {
      takes: 'that a storm latches in the commit that opens its incidents',
      file: 'src/engine/receive/accept.ts',
      find: '  await afterArrivals(tx, events, ports)\n',
      replace: '',
      red: 'a storm of 30 > of incidents that settle latches at once',
    },
    {
      takes: 'that the ramp counts what it lets through',
      file: 'src/engine/assess/assess.ts',
      find: 'await moveStorm(tx, ports, attempt.id)',
      replace: 'await moveStorm(tx, ports)',
      red: 'a storm of 30 > lets one, two and four effects through',
    },
    {
      takes: 'that a storm tells of itself once, and not of each of its incidents',
      file: 'src/engine/end/hand-over.ts',
      find: 'const told = !incident.touched && ',
      replace: 'const told = incident.touched && ',
      red: '10,000 alerts on 10,000 targets at once',
    },
    {
      takes: 'that a storm which latches again is told of once',
      file: 'src/engine/storm/watch-storm.ts',
      find: 'dedupeKey: `${event}:${body.storm}`',
      replace: 'dedupeKey: `${event}:${newId(clock.now())}`',
      red: 'a storm of 30 > latches again when the first effects do not help',
    },
    {
      takes: 'that a storm which is over speaks for its own, also after another',
      file: 'src/domain/storm.ts',
      find: '[last, ...(last.earlier ?? [])]\n',
      replace: '[last]\n',
      red: 'a storm of 30 > that ended before another began still speaks for those of its own',
    },
    {
      takes: 'that playbooks which only observe make no storm',
      file: 'src/engine/storm/storm-facts.ts',
      find: "['manual', ...playbooks.filter(isQuiet).map(({ name }) => name)]",
      replace: "['manual']",
      red: 'a storm of 30 > of a playbook that only observes is none',
    },
    {
      takes: 'that a flood of what is only observed costs no look at the storm',
      file: 'src/engine/storm/watch-storm.ts',
      test: 'test/engine/watch-storm.test.ts',
      find: " && !uncounted.has(playbook ?? '')",
      replace: ' && uncounted !== playbook',
      red: 'what opens of a playbook in mode observe',
    },
    {
      takes: 'that alerts which only call people make a storm in any mode',
      file: 'src/engine/storm/storm-facts.ts',
      find: " && steps[0]?.kind !== 'escalate'",
      replace: ' && steps.length > 0',
      red: 'a storm of 30 > of alerts that only call people calls them once',
    },
    {
      takes: 'that a release lets the incidents so far pass',
      file: 'src/engine/storm/release-storm.ts',
      find: 'const countedAfter = (await tx.auditHead()).seq',
      replace: 'const countedAfter = 0',
      red: 'a storm of 30 > is released by an operator',
    },
  ]),
  ...teethOf({ test: 'test/engine/storm.test.ts', file: 'src/engine/storm/storm.ts' }, [
    {
      takes: 'that failures in the ramp latch again',
      find: "  if (tooMany(width)) return latch(record, 'errors', now, limits, now)\n",
      replace: '',
      red: 'the ramp > latches as soon as too many',
    },
    {
      takes: 'that a clock which was set back stretches no storm',
      find: 'calmSince: Math.min(storm.calmSince, now + windowMs)',
      replace: 'calmSince: storm.calmSince',
      red: 'the latch > is not stretched by a clock that was set back',
    },
    {
      takes: 'that a rush during the ramp latches again',
      find: "latch(facts.record, 'incidents', above, limits, now)\n  }\n",
      replace: 'climb(facts, seen, limits, now)\n  }\n',
      red: 'the ramp > latches when the rate is too high again',
    },
    {
      takes: 'that a step of the ramp waits for what it let through',
      find: "const quiet = !begun.includes('under_way')",
      replace: 'const quiet = true',
      red: 'the ramp > waits for its effects',
    },
    {
      takes: 'that failures at the end of a step latch again',
      find: "  if (tooMany(begun.length)) return latch(record, 'errors', now, limits, now)\n",
      replace: '',
      red: 'the ramp > latches when few began and they did not help',
    },
    {
      takes: 'that the ramp climbs step by step',
      find: 'enter(record, storm, storm.step + 1, now)',
      replace: 'enter(record, storm, storm.step + 2, now)',
      red: 'the ramp > goes on when its one effect helped',
    },
    {
      takes: 'that the cool-down counts from the end of the rush',
      find: 'calmSince + limits.coolDownMs <= now',
      replace: 'storm.since + limits.coolDownMs <= now',
      red: 'the latch > holds until the rate',
    },
  ]),
]
