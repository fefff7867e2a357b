import { createTurns, type Head } from './turns.ts'

/** Who wants to begin an effect. */
export interface Asker {
  readonly incident: string
  readonly playbook: string
  readonly priority: number
  /** True when no loaded playbook has a higher priority. */
  readonly highest: boolean
}

/** How it stands for one who has to wait: effects that run or are about to, and how many waiting incidents come first. */
export interface NoPlace {
  readonly taken: number
  readonly before: number
}

/** The places for effects. Only what is in memory: after a restart everything asks again. */
export interface Places {
  /** `null` when a place could be taken now; otherwise the asker waits in the line. */
  refusal(asker: Asker): NoPlace | null
  /** Takes a place until `leave`; `false` when there is none for this asker. */
  take(asker: Asker): boolean
  leave(): void
  /** An incident has had its look: if it was called and took no place, it is the next one's turn. */
  looked(incident: string): void
}

interface PlacesOptions {
  readonly max: () => number
  readonly now: () => number
  /** Called when a place is free for this incident; `false` when it cannot be looked at now. */
  readonly onCall: (incident: string) => boolean
}

interface Lane {
  readonly priority: number
  readonly highest: boolean
  /** Since when each has waited, the longest first. */
  readonly waiting: Map<string, number>
}

/** How long a place stays free for whom it was called. */
const calledForMs = 1_000

/**
 * The last free place is kept for the highest priority: an effect that takes its time must not keep an important one waiting. Whoever
 * finds no place waits in a line for each playbook; who of them comes next is the turns' word.
 */
export function createPlaces({ max, now, onCall }: PlacesOptions): Places {
  const lanes = new Map<string, Lane>()
  const called = new Map<string, { readonly priority: number; readonly until: number }>()
  const turns = createTurns()
  let taken = 0

  function free(highest: boolean): number {
    const kept = !highest && max() > 1 ? 1 : 0
    return max() - taken - kept
  }

  function forget(incident: string): void {
    called.delete(incident)
    for (const [playbook, { waiting }] of lanes) {
      if (waiting.delete(incident) && waiting.size === 0) lanes.delete(playbook)
    }
  }

  function forgetLate(): void {
    for (const [incident, { until }] of called) if (until <= now()) forget(incident)
  }

  function has({ incident, priority, highest }: Asker): boolean {
    forgetLate()
    const others = [...called].filter(([other, call]) => other !== incident && call.priority >= priority)
    return free(highest) > others.length
  }

  function put({ incident, playbook, priority, highest }: Asker): NoPlace {
    const lane = lanes.get(playbook) ?? { priority, highest, waiting: new Map<string, number>() }
    lanes.set(playbook, { ...lane, priority, highest })
    called.delete(incident)
    if (!lane.waiting.has(incident)) lane.waiting.set(incident, now())
    let before = -1
    for (const other of lanes.values()) if (other.priority >= priority) before += other.waiting.size
    return { taken, before }
  }

  function call(): void {
    forgetLate()
    for (;;) {
      const heads = [...lanes].flatMap(([lane, { priority, highest, waiting }]) => {
        const room = free(highest) > called.size
        const first = room ? firstOf(waiting) : null
        return first === null ? [] : [{ lane, priority, ...first }]
      })
      const next = turns.next(heads)
      if (next === null) return
      called.set(next.incident, { priority: next.priority, until: now() + calledForMs })
      if (!onCall(next.incident)) forget(next.incident)
    }
  }

  function firstOf(waiting: Lane['waiting']): (Pick<Head, 'since'> & { readonly incident: string }) | null {
    for (const [incident, since] of waiting) if (!called.has(incident)) return { incident, since }
    return null
  }

  return {
    refusal: (asker) => (has(asker) ? null : put(asker)),
    take(asker) {
      if (!has(asker)) return false
      forget(asker.incident)
      taken += 1
      return true
    },
    leave() {
      taken -= 1
      call()
    },
    looked(incident) {
      if (!called.has(incident)) return
      forget(incident)
      call()
    },
  }
}
