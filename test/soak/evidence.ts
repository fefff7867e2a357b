import type { EventView } from '../kit/hepar.ts'
import type { Away } from './faults.ts'

/** Lists are shared for a second, facts of a gate may be three seconds old, and the first look comes after the fault. */
const stillKnownMs = 4_000

/** Intents that were committed while the stop switch was on. What takes an effect back is not held up. */
export function intentsWhileStopped(events: readonly EventView[]): readonly string[] {
  const broken: string[] = []
  let stopped = false
  for (const event of events) {
    if (event.type === 'pause.set') stopped = true
    else if (event.type === 'pause.cleared') stopped = false
    else if (stopped && isNewEffect(event))
      broken.push(`attempt ${event.attempt} on ${event.target} began while stopped`)
  }
  return broken
}

/** Intents that were committed while nobody could say whether the alert still fires. */
export function intentsWithoutSource(events: readonly EventView[], away: readonly Away[]): readonly string[] {
  return events.filter(isNewEffect).flatMap(({ at, attempt, target }) => {
    const ms = typeof at === 'number' ? at : Date.parse(at)
    const hidden = away.some(({ from, to }) => ms > from + stillKnownMs && ms < to)
    return hidden ? [`attempt ${attempt} on ${target} began while its source was away`] : []
  })
}

function isNewEffect({ type, body }: EventView): boolean {
  return type === 'attempt.intended' && typeof body.reverts !== 'string'
}
