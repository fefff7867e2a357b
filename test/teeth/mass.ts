import { teethOf } from './tooth.ts'

/** What tells a mass failure from single faults. */
export const mass = [
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
      takes: 'that a fleet of unknown size blocks',
      find: "return { ok: false, reason: 'nobody was asked' }",
      replace: 'return counted',
      red: 'blast radius > nobody was asked',
    },
  ]),
  ...teethOf({ test: 'test/engine/fleet.test.ts', file: 'src/engine/fleet.ts' }, [
    {
      takes: 'that an old total is none',
      find: 'if (sample.at < clock.now() - sampleAgeMaxMs) {',
      replace: 'if (sample.at < 0) {',
      red: 'an old sample is no total',
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
      takes: 'that the ramp is as narrow as it says',
      find: 'if (left > 0)',
      replace: 'if (left >= 0)',
      red: 'storm latch > lets the ramp',
    },
  ]),
  ...teethOf({ test: 'test/engine/storm.life.test.ts' }, [
    {
      takes: 'that a storm latches in the commit that opens its incidents',
      file: 'src/engine/accept.ts',
      find: '  await afterArrivals(tx, events, ports)\n',
      replace: '',
      red: 'a storm of 30 > of incidents that settle latches at once',
    },
    {
      takes: 'that the ramp counts what it lets through',
      file: 'src/engine/assess.ts',
      find: 'await moveStorm(tx, ports, attempt.id)',
      replace: 'await moveStorm(tx, ports)',
      red: 'a storm of 30 > lets one, two and four effects through',
    },
    {
      takes: 'that a storm tells of itself once, and not of each of its incidents',
      file: 'src/engine/hand-over.ts',
      find: 'const told = !incident.touched && ',
      replace: 'const told = incident.touched && ',
      red: '10,000 alerts on 10,000 targets at once',
    },
    {
      takes: 'that a release lets the incidents so far pass',
      file: 'src/engine/release-storm.ts',
      find: 'const countedAfter = (await tx.auditHead()).seq',
      replace: 'const countedAfter = 0',
      red: 'a storm of 30 > is released by an operator',
    },
  ]),
  ...teethOf({ test: 'test/engine/storm.test.ts', file: 'src/engine/storm.ts' }, [
    {
      takes: 'that failures in the ramp latch again',
      find: "  if (tooMany(width)) return latch(record, 'errors', now, limits, now)\n",
      replace: '',
      red: 'the ramp > latches as soon as too many',
    },
    {
      takes: 'that the cool-down counts from the end of the rush',
      find: 'calmSince + limits.coolDownMs <= now',
      replace: 'storm.since + limits.coolDownMs <= now',
      red: 'the latch > holds until the rate',
    },
  ]),
]
