/** Advances of one incident in a row that need no pause; more than that looks like a loop. */
const burstMax = 100
const burstRestMs = 250
/** Rests that are kept before those that have ended are forgotten. */
const restsMax = 10_000

export type Resting = ReturnType<typeof createResting>

/** Incidents that are left alone for a while: those whose advance failed, and those that stay due without end. */
export function createResting(backoffMaxMs: number) {
  const rests = new Map<string, { failures: number; burst: number; burstSince: number; until: number }>()
  // An end further ahead than any rest lasts is one from before the clock was set back.
  const isAhead = (until: number, now: number) => until > now && until - now <= Math.max(backoffMaxMs, burstRestMs)
  const of = (incident: string, now: number) =>
    rests.get(incident) ?? { failures: 0, burst: 0, burstSince: now, until: 0 }
  return {
    has: (incident: string, now: number) => isAhead(rests.get(incident)?.until ?? 0, now),
    size: (now: number) => [...rests.values()].filter(({ until }) => isAhead(until, now)).length,
    nextMs: (now: number) => {
      const waits = [...rests.values()].map(({ until }) => until - now).filter((wait) => wait > 0)
      return Math.min(Number.POSITIVE_INFINITY, ...waits)
    },
    failed: (incident: string, now: number): number => {
      const rest = of(incident, now)
      const waitMs = Math.min(backoffMaxMs, 200 * 2 ** rest.failures)
      rests.set(incident, { ...rest, failures: Math.min(rest.failures + 1, 20), until: now + waitMs })
      return waitMs
    },
    succeeded: (incident: string, now: number): void => {
      const rest = of(incident, now)
      const isBurst = now - rest.burstSince < 1_000
      const burst = isBurst ? rest.burst + 1 : 1
      const until = burst > burstMax ? now + burstRestMs : 0
      rests.set(incident, { failures: 0, burst, burstSince: isBurst ? rest.burstSince : now, until })
      if (rests.size > restsMax) forgetOld(rests, now)
    },
  }
}

function forgetOld(rests: Map<string, { burstSince: number; until: number }>, now: number): void {
  for (const [incident, { burstSince, until }] of rests) {
    if (until <= now && now - burstSince > 1_000) rests.delete(incident)
  }
}
