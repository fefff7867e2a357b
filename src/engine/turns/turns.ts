/** Somebody at the head of a lane. `since` is epoch milliseconds. */
export interface Head {
  readonly lane: string
  readonly priority: number
  readonly since: number
}

/** One turn of so many goes to whoever has waited longest, so that no priority starves another for ever. */
const agedEvery = 8

/**
 * Who comes next: the highest priority; among equals the lane whose last turn is longest ago; every eighth time whoever has waited
 * longest, whatever the priority.
 */
export function createTurns() {
  let turn = 0
  const servedAt = new Map<string, number>()
  return {
    next<H extends Head>(heads: readonly H[]): H | null {
      if (heads.length === 0) return null
      turn += 1
      const aged = turn % agedEvery === 0
      const served = ({ lane }: Head) => servedAt.get(lane) ?? 0
      const before = (a: Head, b: Head) => {
        if (aged) return a.since - b.since
        // Both may be infinite.
        if (a.priority !== b.priority) return a.priority > b.priority ? -1 : 1
        return served(a) - served(b) || a.since - b.since
      }
      const first = heads.reduce((best, head) => (before(head, best) < 0 ? head : best))
      servedAt.set(first.lane, turn)
      return first
    },
  }
}
