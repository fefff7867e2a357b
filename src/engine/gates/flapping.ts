import { formatDurationMs } from '../../domain/duration.ts'
import { block, type Gate, notApplicable, pass } from './gate.ts'

/** A target that is acted on again and again is not healed by it: it is left alone, and a person is told once. */
export const flapping: Gate = {
  name: 'flapping',
  decide({ stored: { actions, leftAlone }, incident, now }) {
    const facts = { windows: actions.map(({ count, windowMs, used }) => ({ count, windowMs, used })) }
    if (incident.manual) return notApplicable('a person asked', facts)
    const left = leftAlone.find(({ why, until }) => why === 'flapping' && until > now)
    const spent = actions.filter(({ used, count }) => used >= count)
    if (left === undefined && spent.length === 0) return pass('the target does not flap', facts)
    const windowMs = Math.max(...(spent.length > 0 ? spent : actions).map((window) => window.windowMs))
    const words = spent.map(({ used, windowMs }) => `${used} actions in ${formatDurationMs(windowMs)}`).join(', ')
    return block(left?.reason ?? `flapping: ${words} on this target, and it is ill again`, {
      until: left?.until ?? now + windowMs,
      unblock: `resume an incident of this target, or wait until it has not been ill for ${formatDurationMs(windowMs)}`,
      facts: left === undefined ? facts : { ...facts, told: left.incident, since: left.since },
      leaves: { why: 'flapping', targets: [incident.target], windowMs },
    })
  },
}
