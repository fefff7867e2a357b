import { block, type Gate, pass } from './gate.ts'

/** Nothing new starts while the stop switch is on. */
export const stopSwitch: Gate = {
  name: 'stop_switch',
  decide({ stored: { pause }, now }) {
    if (pause === null) return pass('the stop switch is off')
    if (pause.until !== null && pause.until <= now) return pass('the stop switch has expired', { until: pause.until })
    return block(`the stop switch is on: ${pause.reason}`, {
      until: pause.until,
      unblock: pause.restored
        ? 'look at what may have happened since the backup, then: hepar unpause --restored'
        : 'lift the pause (hepar unpause) or wait until it expires',
      facts: { by: pause.by, since: pause.since, until: pause.until },
    })
  },
}
