import { nextStart, stretchAt } from '../facts/schedule.ts'
import { block, type Gate, notApplicable, pass } from './gate.ts'

/** A playbook with active hours acts in them alone. */
export const activeHours: Gate = {
  name: 'active_hours',
  decide({ playbook, now }) {
    const hours = playbook.limits.activeHours
    if (hours === null) return notApplicable('the playbook acts at any hour')
    const { cron, timeZone } = hours
    const stretch = stretchAt(hours, now)
    if (stretch !== null) return pass('within the active hours', { cron, timeZone, until: stretch.until })
    return block('outside the active hours of the playbook', {
      until: nextStart(hours, now),
      unblock: 'wait until they begin, or change limits.activeHours',
      facts: { cron, timeZone },
    })
  },
}
