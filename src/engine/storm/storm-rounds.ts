import { messageOf } from '../errors.ts'
import type { Log, Store } from '../ports.ts'
import { createRounds, type Rounds } from '../rounds.ts'
import { type StormPorts, watchStorm } from './watch-storm.ts'

const pauseMinMs = 100
/** Time may be set, so that no pause is believed for long. */
const pauseMaxMs = 10_000

/** Moves a storm on while nobody is assessed: rests while it is calm, until kicked. */
export function createStormRounds(ports: StormPorts & { readonly store: Store; readonly log: Log }): Rounds {
  let lookAt: number | null = null
  return createRounds(
    async () => {
      lookAt = ports.clock.now() + pauseMaxMs
      lookAt = await watchStorm(ports)
    },
    {
      pauseMs: () => (lookAt === null ? null : Math.min(Math.max(lookAt - ports.clock.now(), pauseMinMs), pauseMaxMs)),
      onError: (error) => ports.log.warn({ error: messageOf(error) }, 'the storm latch could not be looked after'),
    },
  )
}
