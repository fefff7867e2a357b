import { setTimeout as pause } from 'node:timers/promises'
import { eventWords } from '../cli/event-words.ts'
import { DemoFailure } from './failure.ts'
import type { Fields, Hepar } from './hepar.ts'
import type { Scene, Wait } from './scene.ts'
import { until } from './scene.ts'

export interface Event {
  readonly seq: number
  readonly type: string
  readonly at: string
  readonly incident: string | null
  readonly attempt: string | null
  readonly target: string | null
  readonly body: Fields
}

/** Hepar's audit log, told as it grows. */
export interface Timeline {
  readonly seen: readonly Event[]
  /** Waits for an event among all that were told. */
  until(what: string, match: (event: Event) => boolean, wait?: Wait): Promise<Event>
  /** Waits until the incident on a target is over, and fails at once when it ends otherwise. */
  ended(target: string, ending: string, wait?: Wait): Promise<Event>
  count(type: string, target: string): number
}

const pollMs = 50

/** Follows the log until the scene is over; a Hepar that is down is asked again. */
export function followLog({ tell, signal, closing }: Scene, hepar: Hepar): Timeline {
  const seen: Event[] = []
  const over = new AbortController()
  const told = AbortSignal.any([signal, over.signal])
  const following = follow()
  closing.defer(async () => {
    over.abort()
    await following
  })

  async function follow(): Promise<void> {
    while (!told.aborted) {
      await look().catch(() => undefined)
      await pause(pollMs, undefined, { signal: told }).catch(() => undefined)
    }
  }

  async function look(): Promise<void> {
    const { events } = await hepar.get(`/api/v1/audit?limit=500&after=${seen.at(-1)?.seq ?? 0}`)
    for (const event of events as readonly Event[]) {
      const { seq, type, at, incident } = event
      tell({ step: 'event', seq, type, eventAt: at, incident, words: eventWords({ ...event }) })
      seen.push(event)
    }
  }

  const timeline: Timeline = {
    seen,
    until: (what, match, wait) => until({ signal }, `Hepar's log has ${what}`, () => seen.find(match) ?? null, wait),
    async ended(target, ending, wait) {
      const last = await timeline.until(
        `the end of the incident on ${target}`,
        (event) => event.target === target && ['incident.closed', 'incident.handed_over'].includes(event.type),
        wait,
      )
      const became = last.type === 'incident.closed' ? String(last.body.ending) : 'handed over to people'
      if (became === ending) return last
      throw new DemoFailure(`the incident on ${target} must end ${ending}, and it was ${became}: ${last.body.reason}`)
    },
    count: (type, target) => seen.filter((event) => event.type === type && event.target === target).length,
  }
  return timeline
}
