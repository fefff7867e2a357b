import { formatAgeMs, formatDurationMs } from '../../domain/duration.ts'
import { block, type Gate, notApplicable, pass } from './gate.ts'

/** How much later than Hepar's own effect ended a change may seem to be that was part of it. */
const slackMs = 5_000

/** Whoever touched the target since it fell ill, a person or another controller, gets time to see whether that helped. */
export const override: Gate = {
  name: 'override',
  needs: 'plan',
  decide({ plan, stored: { ownEffect, holder }, incident: { illSince }, playbook, now }) {
    const { yieldForMs } = playbook.limits
    if (yieldForMs === 0) return notApplicable('limits.yieldFor is 0: Hepar yields to nobody')
    if (plan?.kind !== 'planned') {
      return block('who touched the target last is not known: no plan was made', {
        until: null,
        unblock: 'Hepar looks again by itself',
      })
    }
    const { changed } = plan.plan
    if (changed === undefined) return notApplicable('nothing says that somebody touched the target')
    const facts = { changedAt: changed.at, what: changed.what, illSince, ownEffectEndedAt: ownEffect?.endedAt ?? null }
    if (changed.at < illSince) return pass('nobody else has touched the target since it fell ill', facts)
    // Of an effect that is still to come nobody knows, after the clock was set back, what else came before its end.
    if (ownEffect !== null && ownEffect.beganAt <= now && changed.at <= ownEffect.endedAt + slackMs) {
      return pass('nobody else has touched the target since Hepar did', facts)
    }
    // Its end is not recorded yet; who must wait for it is told so by the target lock.
    if (holder?.phase === 'acting' && changed.at >= holder.intendedAt) {
      return pass('the target changed while Hepar itself was at work on it', { ...facts, attempt: holder.id })
    }
    const until = Math.min(changed.at, now) + yieldForMs
    const ago = formatAgeMs(Math.max(0, now - changed.at))
    if (until <= now) return pass(`somebody else touched the target ${ago} ago, and it is still ill`, facts)
    return block(`somebody else touched the target ${ago} ago: ${changed.what}`, {
      until,
      unblock: `wait for ${formatDurationMs(yieldForMs)} from then (limits.yieldFor), to see whether that helped`,
      facts,
    })
  },
}
