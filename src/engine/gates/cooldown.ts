import { formatAgeMs, formatDurationMs } from '../../domain/duration.ts'
import { block, type Gate, pass } from './gate.ts'

/** A target is left alone for a while after each attempt of this playbook on it. */
export const cooldown: Gate = {
  name: 'cooldown',
  decide({ stored: { history }, playbook, now }) {
    const { cooldownMs } = playbook.limits
    const { lastEndedAt } = history
    const facts = { cooldownMs, lastEndedAt }
    if (lastEndedAt === null) return pass('no attempt came before', facts)
    const until = lastEndedAt + cooldownMs
    if (until <= now) return pass('the last attempt is long enough ago', facts)
    return block(`the last attempt ended ${formatAgeMs(now - lastEndedAt)} ago`, {
      until,
      unblock: `wait until ${formatDurationMs(cooldownMs)} have passed since the last attempt`,
      facts,
    })
  },
}
