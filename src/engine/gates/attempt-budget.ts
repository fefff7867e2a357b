import { formatDurationMs } from '../../domain/duration.ts'
import { block, type Gate, pass } from './gate.ts'

/** No more attempts of this playbook on this target than each window allows. */
export const attemptBudget: Gate = {
  name: 'attempt_budget',
  decide({ stored: { history }, now }) {
    const facts = { windows: history.windows.map(({ count, windowMs, used }) => ({ count, windowMs, used })) }
    const spent = history.windows.filter(({ used, count }) => used >= count)
    if (spent.length === 0) return pass('attempts are left', facts)
    const until = Math.max(...spent.map(({ oldestAt, windowMs }) => oldestAt ?? now + windowMs))
    const words = spent.map(({ used, windowMs }) => `${used} in ${formatDurationMs(windowMs)}`).join(', ')
    return block(`the attempt budget is spent: ${words}`, {
      until,
      unblock: 'wait until an attempt leaves the window, or raise limits.attempts',
      facts,
    })
  },
}
