import { messageOf } from '../../engine/errors.ts'
import type { Clock, Log } from '../../engine/ports.ts'
import type { Resting } from './resting.ts'

export type Advance = (incident: string) => Promise<void>

interface RunningParts {
  readonly resting: Resting
  readonly clock: Clock
  readonly log: Log
  readonly onEnd: () => void
}

/** The advances under way: one for each incident at most. */
export function createRunning({ resting, clock, log, onEnd }: RunningParts) {
  const running = new Map<string, Promise<void>>()
  return {
    size: () => running.size,
    has: (incident: string) => running.has(incident),
    begin: (incident: string, advance: Advance) => {
      // Leaving the current turn first keeps a throw inside the promise.
      const work = Promise.resolve(incident)
        .then(advance)
        .then(() => resting.succeeded(incident, clock.now()))
        .catch((error: unknown) => {
          const retryMs = resting.failed(incident, clock.now())
          log.error({ incident, error: messageOf(error), retryMs }, 'cannot advance incident')
        })
        .finally(() => {
          running.delete(incident)
          onEnd()
        })
      running.set(incident, work)
    },
    settle: () => Promise.all(running.values()),
  }
}
