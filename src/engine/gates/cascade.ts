import { formatDurationMs } from '../../domain/duration.ts'
import type { PastEffect } from '../facts/counting.ts'
import { findLoop } from '../facts/find-loop.ts'
import { block, type Gate, notApplicable, pass } from './gate.ts'

/** Effects that make each other necessary, round and round, are a loop: its members are left alone, and a person is told once. */
export const cascade: Gate = {
  name: 'cascade',
  decide({ stored: { effects, leftAlone }, incident, limits, now }) {
    if (incident.manual) return notApplicable('a person asked')
    const { count, windowMs } = limits.loops
    const unblock = `break the loop and resume an incident of it, or wait until none of it has been ill for ${formatDurationMs(windowMs)}`
    const left = leftAlone.find(({ why, until }) => why === 'loop' && until > now)
    if (left !== undefined) {
      return block(left.reason, {
        until: left.until,
        unblock,
        facts: { told: left.incident, since: left.since },
        leaves: { why: 'loop', targets: [incident.target], windowMs },
      })
    }
    const chain = findLoop(incident, effects, { rounds: count, aftermathMs: limits.aftermathMs })
    if (chain === null) return pass('no effect came round to where it began', { effects: effects.length })
    const round = chain.slice(0, chain.length / count)
    const places = [...round, incident].map(({ playbook, target }) => `${playbook} on ${target}`)
    return block(`loop: ${places.join(' → ')}, ${count} times in ${formatDurationMs(windowMs)}`, {
      until: now + windowMs,
      unblock,
      facts: { chain: chain.map(toFact) },
      leaves: { why: 'loop', targets: [...new Set(round.map(({ target }) => target))], windowMs },
    })
  },
}

function toFact({ id, playbook, target, intendedAt }: PastEffect) {
  return { attempt: id, playbook, target, intendedAt }
}
