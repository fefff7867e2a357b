/** Both-sided 95 %. */
const z = 1.96

/**
 * The Wilson score interval: between which shares the true rate of success lies, with 95 % confidence. Without trials anything
 * is possible.
 */
export function successRate(successes: number, trials: number): { readonly lower: number; readonly upper: number } {
  if (trials === 0) return { lower: 0, upper: 1 }
  const share = successes / trials
  const spread = (z * z) / trials
  const centre = share + spread / 2
  const margin = z * Math.sqrt((share * (1 - share) + spread / 4) / trials)
  const lower = successes === 0 ? 0 : (centre - margin) / (1 + spread)
  const upper = successes === trials ? 1 : (centre + margin) / (1 + spread)
  return { lower: Math.max(0, lower), upper: Math.min(1, upper) }
}
