import type { Life, Measure } from './gauge.ts'
import { type Trend, trendOf } from './trend.ts'

/** How one measure went over the quiet life, and whether that is within its bound. */
export interface Judgement {
  readonly measure: Measure
  /** `unjudged` where the life was too short to say anything. */
  readonly verdict: 'level' | 'grows' | 'unclear' | 'unjudged'
  readonly mean: number
  /** Growth in an hour of the compressed day, with its 95 % interval; of memory and store as a share of the mean. */
  readonly perHour: Pick<Trend, 'slope' | 'low' | 'high'> | null
  readonly bound: number
}

/** Growth in an hour of the compressed day that is taken for none: shares of the mean, or counts. */
const bounds: Readonly<Record<Measure, number>> = {
  memory: 0.01,
  store: 0.01,
  files: 0.5,
  threads: 0.25,
  processes: 0.5,
}
const relative: ReadonlySet<Measure> = new Set(['memory', 'store'])

/** In a shorter life the heap is still finding its size, and a slope would say nothing. */
export const judgedFromMs = 300_000
/** Left out at the beginning: compiled code, caches and the store fill up, and what is kept for a while is not yet let go. */
const warmUpShare = 0.35

/**
 * Judges the life. A measure is level when, with 95 % confidence, it grows by less than its bound; it grows when it surely
 * grows by more; in between the run was too short or too noisy to say, which is no pass either.
 */
export function judgeLife({ samples }: Pick<Life, 'samples'>, hourMs: number): readonly Judgement[] {
  return (Object.keys(bounds) as Measure[]).map((measure) => {
    const all = samples[measure]
    const lastedMs = (all.at(-1)?.atMs ?? 0) - (all[0]?.atMs ?? 0)
    const bound = bounds[measure]
    const fromMs = (all[0]?.atMs ?? 0) + warmUpShare * lastedMs
    const trend = lastedMs < judgedFromMs ? null : trendOf(all.filter(({ atMs }) => atMs >= fromMs))
    if (trend === null) return { measure, verdict: 'unjudged', mean: all.at(-1)?.value ?? 0, perHour: null, bound }
    const scale = hourMs / 3_600_000 / (relative.has(measure) ? trend.mean : 1)
    const perHour = { slope: trend.slope * scale, low: trend.low * scale, high: trend.high * scale }
    const verdict = perHour.high <= bound ? 'level' : perHour.low > bound ? 'grows' : 'unclear'
    return { measure, verdict, mean: trend.mean, perHour, bound }
  })
}
