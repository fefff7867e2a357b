import { teethOf } from './tooth.ts'

const counted = { file: 'src/adapters/telemetry/audit-metrics.ts', test: 'test/adapters/telemetry/metrics.test.ts' }

/** What the dashboards believe. */
export const figures = teethOf(counted, [
  {
    takes: 'that recoveries are counted from 0 on',
    find: 'metrics.recovery.zero({ playbook, by })',
    replace: 'undefined',
    red: 'everything that can be counted begins at 0, so that Prometheus sees its first increase',
  },
  {
    takes: 'that manual heals are counted from 0 on',
    find: "      begin.playbook(\n        'manual',",
    replace: "      begin.playbook(\n        'other',",
    red: 'everything that can be counted begins at 0, so that Prometheus sees its first increase',
  },
  {
    takes: 'that what was counted is never begun again',
    find: '    if (begun.has(what)) return\n',
    replace: '',
    red: 'loading the configuration again forgets nothing, whatever was counted before the first time',
  },
  {
    takes: 'that a playbook is begun before its first recovery is counted',
    find: '      begin.playbook(playbook, [])\n',
    replace: '',
    red: 'loading the configuration again forgets nothing, whatever was counted before the first time',
  },
  {
    takes: 'that only a recovery has phases',
    find: '      if (number(body.recoverySeconds) === null) return\n',
    replace: '',
    red: 'an incident without a recovery has no parts of one',
  },
])
