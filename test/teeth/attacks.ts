import { teethOf } from './tooth.ts'

const visible = 'src/domain/visible.ts'

/** What text from outside may do to those who read it. */
export const attacks = [
  ...teethOf({ test: 'test/adapters/telemetry/log.test.ts', red: 'a line steers no terminal and hides nothing' }, [
    {
      takes: 'that a line of the log steers no terminal',
      file: 'src/adapters/telemetry/log.ts',
      find: 'formatLine(safe) : visibleJson(safe)',
      replace: 'formatLine(safe) : safe',
    },
    {
      takes: 'that what cannot be seen is shown in a line of the log',
      file: visible,
      find: '\\u009f\\p{Cf}\\p{Zl}',
      replace: '\\u009f\\p{Zl}',
    },
  ]),
]
