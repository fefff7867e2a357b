import type { Manner } from '../kit/ward.ts'

/** When Hepar is killed: so long after its process began, after it was ready, or after an effect of this round began. */
export interface Kill {
  readonly after: 'spawn' | 'ready' | 'effect'
  readonly delayMs: number
}

/** Somebody falls ill, so long after the round's Hepar was started. */
export interface Illness {
  /** The round of this kill, or the one after the last. */
  readonly round: number
  readonly delayMs: number
  readonly patient: string
  /** Also the name of the playbook. */
  readonly alertname: string
  readonly manner: Manner
}

/** Everything a run does by chance; the same seed gives the same schedule. */
export interface Schedule {
  readonly seed: number
  readonly kills: readonly Kill[]
  readonly illnesses: readonly Illness[]
}

const illnessesPerRound = 0.7
/** Curable, and nobody kills Hepar any more: whatever it went through, these it has to heal. */
export const illnessesAfterwards = 3
const recurrences = 0.2

export function drawSchedule(seed: number, rounds: number): Schedule {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const kills: Kill[] = []
  const illnesses: Illness[] = []
  for (let round = 0; round < rounds; round += 1) {
    const after = (['spawn', 'ready', 'ready', 'effect', 'effect'] as const)[below(5)]!
    kills.push({ after, delayMs: after === 'effect' ? below(900) : below(1_500) })
    // The first round has one in any case, so that a short run has something to do.
    for (let draw = round === 0 ? 0 : random(); draw < illnessesPerRound; draw += 0.5) {
      const known = illnesses.map(({ patient }) => patient)
      const again = known.length > 0 && random() < recurrences
      const patient = again ? known[below(known.length)]! : `p${new Set(known).size}`
      const earlier = illnesses.find((illness) => illness.patient === patient)
      const { alertname, manner } = earlier ?? drawManner(below)
      illnesses.push({ round, delayMs: below(2_000), patient, alertname, manner })
    }
  }
  for (let index = 0; index < illnessesAfterwards; index += 1) {
    const manner = { cures: true, takesMs: below(400) }
    illnesses.push({ round: rounds, delayMs: below(2_000), patient: `afterwards${index}`, alertname: 'Ill', manner })
  }
  return { seed, kills, illnesses }
}

/** What ails somebody, and what becomes of a treatment. */
export function drawManner(below: (limit: number) => number): Pick<Illness, 'alertname' | 'manner'> {
  const alertname = ['Ill', 'Ill', 'TwoSteps', 'Again', 'Eased'][below(5)]!
  const kinds: readonly Manner[] = [
    { cures: true },
    { cures: true, takesMs: below(400) },
    { cures: true, takesMs: 300 + below(1_500) },
    { cures: true, takesMs: 300 + below(1_500), forks: true },
    { takesMs: below(300) },
    { fails: true, takesMs: below(600) },
    { cures: true, planTakesMs: below(500) },
  ]
  return { alertname, manner: kinds[below(kinds.length)]! }
}

/** Mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
