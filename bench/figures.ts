export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** By linear interpolation, so that the median of two is their middle. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('there is no quantile of nothing')
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const low = sorted[Math.floor(place)] as number
  const high = sorted[Math.ceil(place)] as number
  return low + (high - low) * (place - Math.floor(place))
}

export const perSecond = (value: number) => `${count(value)}/s`
export const count = (value: number) => Math.round(value).toLocaleString('en')
export const ms = (value: number) => `${value < 10 ? value.toFixed(1) : count(value)} ms`
export const seconds = (value: number) => `${value.toFixed(2)} s`
export const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`
export const percent = (share: number) => `${Math.round(share * 100)} %`
