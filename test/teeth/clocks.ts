import { teethOf } from './tooth.ts'

const watch = { file: 'src/engine/recover/clock-watch.ts', test: 'test/engine/clock-watch.test.ts' }
const watched = { file: 'src/engine/prove/watched.ts', test: 'test/engine/watched.test.ts' }

/** What a clock that was set, or a machine that slept, must not change. */
export const clocks = [
  ...teethOf(watch, [
    {
      takes: 'that a clock which was set back is noticed',
      find: 'now < before - toleranceMs',
      replace: 'now < 0',
      red: 'a clock that is set back by hours > while an effect is verified',
    },
    {
      takes: 'that a clock which was set back while nobody ran is noticed',
      find: 'latest ?? (await latestEventAt(store))',
      replace: 'latest ?? now',
      red: 'a clock that is set back by hours > while an effect is verified',
    },
    {
      takes: 'that a channel rests no longer because the clock was set back',
      file: 'src/engine/tell/outbox.ts',
      test: 'test/engine/outbox-lanes.test.ts',
      find: 'until > now && until <= now + restMaxMs',
      replace: 'until > now',
      red: 'a channel that asked to be left alone does not rest for the hours',
    },
    {
      takes: 'that what failed rests no longer because the clock was set back',
      file: 'src/adapters/queue/resting.ts',
      test: 'test/adapters/queue/memory.test.ts',
      find: 'until > now && until - now <= Math.max(backoffMaxMs, burstRestMs)',
      replace: 'until > now',
      red: 'an advance that failed is not left alone for the hours',
    },
    {
      takes: 'that a running Hepar looks at its clock',
      file: 'src/engine/create-engine.ts',
      test: 'test/attacks/faults.test.ts',
      find: '      clockRounds.kick()\n',
      replace: '',
      red: 'a clock that jumps to -2h',
    },
    {
      takes: 'that what waits is handed over after its own time',
      find: 'blockedSince: notAfter(blockedSince, now)',
      replace: 'blockedSince',
      red: 'a clock that is set back by hours > hands what waits over',
    },
    {
      takes: 'that what is to be sent again does not wait for the clock',
      file: 'src/adapters/store/clock-table.ts',
      find: 'for (const statement of [alerts, messages])',
      replace: 'for (const statement of [alerts, alerts])',
      red: 'a clock that is set back by hours > hands what waits over',
    },
    {
      takes: 'that a resolution of the time ahead hides no new illness',
      file: 'src/adapters/store/clock-table.ts',
      find: 'for (const statement of [alerts, messages])',
      replace: 'for (const statement of [messages, messages])',
      red: 'a clock that is set back by hours > hides no new illness',
    },
  ]),
  ...teethOf(watched, [
    {
      takes: 'that the time of a step is time in which somebody looked',
      find: 'gapMs >= 0 && gapMs <= roundGapMaxMs',
      replace: 'gapMs >= 0',
      red: 'a machine that was suspended while an effect was verified',
    },
    {
      takes: 'that a window ends however often nobody looked',
      find: 'verifyUntil - lookedAt - probeEveryMs',
      replace: 'verifyUntil - lookedAt',
      red: 'however often nobody looked for too long, the window ends',
    },
    {
      takes: 'that what is measured after a clock was set back can prove something',
      find: 'effectEndedAt === null ? null : Math.min(effectEndedAt, now)',
      replace: 'effectEndedAt',
      red: 'a clock that was set back leaves as much of it',
    },
  ]),
]
