/** Starts in a second among all that waited for a pause, a window or a dependency to end. */
export const startsPerSecondMax = 5
const gapMs = 1_000 / startsPerSecondMax

/** What waited begins one after another, the most urgent first, however many of them may go on at the same moment. */
export interface Pace {
  /** When it may begin: `now` for at once, or else the time of its turn. `booked` is one that comes back for its turn. */
  turn(wanting: { readonly priority: number; readonly booked: boolean }, now: number): number
}

export function createPace(): Pace {
  let lastAt = -Infinity
  /** The latest turn that was given out, by rank. */
  const turns = new Map<number, number>()
  return {
    turn({ priority, booked }, now) {
      // The clock went back: turns that lie hours ahead now would hold everything up.
      if (lastAt > now) {
        lastAt = now
        turns.clear()
      }
      // Whose turn was taken by a more urgent one comes before its equals.
      const rank = booked ? priority + 0.5 : priority
      let at = lastAt + gapMs
      let isNext = at <= now
      for (const [other, taken] of turns) {
        if (taken < now) turns.delete(other)
        else if (other > rank) isNext = false
        if (taken >= now && other >= rank) at = Math.max(at, taken + gapMs)
      }
      if (isNext) {
        lastAt = now
        return now
      }
      turns.set(rank, at)
      return at
    },
  }
}
