import { formatDurationMs } from '../../domain/duration.ts'
import type { BudgetWindow } from '../facts/counting.ts'
import { block, type Gate, type GateFacts, pass } from './gate.ts'

/** This share of what all may begin is kept for the most important playbooks. */
const keptShare = 0.2

/** No more attempts begin in a time than Hepar as a whole, and each playbook, may make. */
export const rate: Gate = {
  name: 'rate',
  decide(facts) {
    const { now, playbook, stored } = facts
    const said = { global: stored.rates.all.map(figures), playbook: stored.rates.playbook.map(figures) }
    const own = spentOf(stored.rates.playbook, 'limits.rate of the playbook', () => 0)
    const all = spentOf(stored.rates.all, 'limits.rate', ({ count }) => keptOf(count, facts))
    const spent = [...own, ...all]
    if (spent.length === 0) return pass('the rate allows it', said)
    return block(`too many attempts: ${spent.map(({ words }) => words).join(', ')}`, {
      until: Math.max(...spent.map(({ oldestAt, windowMs }) => oldestAt ?? now + windowMs)),
      unblock: `wait until an attempt leaves the window, or raise ${spent[0]?.key}`,
      facts: { ...said, priority: playbook.priority, highest: facts.highest },
    })
  },
}

function spentOf(windows: readonly BudgetWindow[], key: string, kept: (window: BudgetWindow) => number) {
  return windows
    .filter((window) => window.used >= window.count - kept(window))
    .map((window) => {
      const keeps =
        kept(window) > 0 ? `, of ${window.count} the last ${kept(window)} are kept for higher priorities` : ''
      return { ...window, key, words: `${window.used} in ${formatDurationMs(window.windowMs)} (${key}${keeps})` }
    })
}

/** A crowd of lesser illnesses must not use up what an important one needs; of one, nothing can be kept. */
function keptOf(count: number, { highest }: Pick<GateFacts, 'highest'>): number {
  return highest || count < 2 ? 0 : Math.max(1, Math.floor(count * keptShare))
}

function figures({ count, windowMs, used }: BudgetWindow) {
  return { count, windowMs, used }
}
