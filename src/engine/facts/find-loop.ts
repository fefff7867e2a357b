import type { Incident } from '../../domain/incident.ts'
import type { PastEffect } from './counting.ts'

/** Places that one round of a loop may have. */
const membersMax = 8
/** Effects looked at in one search: in a crowd of illnesses nearly everything may have caused everything. */
const visitsMax = 2_000

type Illness = Pick<Incident, 'playbook' | 'target' | 'illSince'>

/**
 * The effects through which an illness came back to its own place (playbook and target), the same places in the same order in
 * each of `rounds` rounds, oldest first; `null` when there are none. `effects` are newest first. An effect may have caused an
 * illness of another place that began while it was under way or within `aftermathMs` of its end.
 */
export function findLoop(
  illness: Illness,
  effects: readonly PastEffect[],
  { rounds, aftermathMs }: { readonly rounds: number; readonly aftermathMs: number },
): readonly PastEffect[] | null {
  const home = placeOf(illness)
  const members = atLeast(rounds, effects)
  let visits = 0

  function causesOf({ illSince, ...of }: Illness): readonly PastEffect[] {
    return members.filter((effect) => {
      const endedAt = effect.concludedAt ?? Number.POSITIVE_INFINITY
      return effect.intendedAt <= illSince && illSince <= endedAt + aftermathMs && placeOf(effect) !== placeOf(of)
    })
  }

  /** Goes back from cause to cause; `chain` is newest first, and its last is what `from` stands for. */
  function search(from: Illness, chain: readonly PastEffect[], period: number | null): readonly PastEffect[] | null {
    if (period !== null && chain.length === period * rounds) return chain
    for (const cause of causesOf(from)) {
      visits += 1
      if (visits > visitsMax) return null
      const place = placeOf(cause)
      const longer = [...chain, cause]
      if (period === null) {
        const seen = place !== home && chain.some((earlier) => placeOf(earlier) === place)
        if (seen || (place !== home && longer.length >= membersMax)) continue
      } else if (place !== placeOf(longer[longer.length - 1 - period]!)) continue
      const found = search(cause, longer, period ?? (place === home ? longer.length : null))
      if (found !== null) return found
    }
    return null
  }

  const found = search(illness, [], null)
  return found === null ? null : found.toReversed()
}

/** Without those of places that were not treated once in each round: of a crowd that is nearly everybody. */
function atLeast(rounds: number, effects: readonly PastEffect[]): readonly PastEffect[] {
  const treated = Map.groupBy(effects, placeOf)
  return effects.filter((effect) => (treated.get(placeOf(effect))?.length ?? 0) >= rounds)
}

function placeOf({ playbook, target }: Pick<PastEffect, 'playbook' | 'target'>): string {
  return JSON.stringify([playbook, target])
}
