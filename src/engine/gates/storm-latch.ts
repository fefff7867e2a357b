import { formatDurationMs } from '../../domain/duration.ts'
import { placesLeft, settledStorm, widthOf } from '../storm/storm.ts'
import { block, type Gate, type GateFacts, pass } from './gate.ts'

const release = 'look at what they have in common; a person may end it: hepar storm --release'

/** Too many new incidents at once are no single faults: nothing new begins until it has calmed down, then a few at a time. */
export const stormLatch: Gate = {
  name: 'storm_latch',
  early: true,
  decide({ stored, limits: { storm: limits }, now }) {
    const { record, trials } = settledStorm(stored.storm, limits, now)
    const { storm } = record
    if (storm === null) return pass('there is no storm of incidents')
    const { number, phase, cause, step, calmSince } = storm
    const facts = { storm: number, phase, cause, latches: storm.latches }
    if (phase === 'latched') {
      return block(cause === 'incidents' ? tooMany(limits) : 'after a storm, too few of the first effects helped', {
        until: calmSince + limits.coolDownMs,
        unblock: `wait until it has been calm for ${formatDurationMs(limits.coolDownMs)}; ${release}`,
        facts: { ...facts, calmSince },
      })
    }
    const left = placesLeft(storm, trials, limits)
    const width = widthOf(storm, limits)
    const ramp = { ...facts, step: step + 1, width, left }
    if (left > 0) return pass(`after a storm: one of the ${width} effects of step ${step + 1}`, ramp)
    return block('after a storm effects begin a few at a time: all of this step are taken', {
      until: null,
      unblock: `wait until the ${width} effects of step ${step + 1} have helped; ${release}`,
      facts: ramp,
    })
  },
}

function tooMany({ incidentsMax, windowMs }: GateFacts['limits']['storm']): string {
  return `a storm: more than ${incidentsMax} new incidents in ${formatDurationMs(windowMs)}`
}
