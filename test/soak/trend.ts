/** One measurement: when, in milliseconds, and how much. */
export interface Sample {
  readonly atMs: number
  readonly value: number
}

/** A line through the samples: its slope and the interval in which it lies with 95 % confidence, per hour. */
export interface Trend {
  readonly mean: number
  readonly slope: number
  readonly low: number
  readonly high: number
}

/** Neighbouring samples depend on each other, as memory rises until it is collected; the means of long blocks hardly do. */
const blocks = 20
/** Of Student's distribution with `blocks - 2` degrees of freedom, 97.5 %. */
const quantile = 2.101
const hourMs = 3_600_000

/** Fits a line by least squares; `null` where there is less than two samples a block. */
export function trendOf(samples: readonly Sample[]): Trend | null {
  if (samples.length < 2 * blocks) return null
  const points = Array.from({ length: blocks }, (_, index) => {
    const from = Math.floor((index * samples.length) / blocks)
    const own = samples.slice(from, Math.floor(((index + 1) * samples.length) / blocks))
    return { x: mean(own.map(({ atMs }) => atMs)) / hourMs, y: mean(own.map(({ value }) => value)) }
  })
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))]
  const spread = sum(points.map((point) => (point.x - x) ** 2))
  const slope = sum(points.map((point) => (point.x - x) * (point.y - y))) / spread
  const rest = sum(points.map((point) => (point.y - y - slope * (point.x - x)) ** 2))
  const half = quantile * Math.sqrt(rest / (blocks - 2) / spread)
  return { mean: y, slope, low: slope - half, high: slope + half }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
