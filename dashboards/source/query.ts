// Every selector is bound to the Hepars that the dashboard's variables choose.
const chosen = 'job=~"$job", instance=~"$instance"'

/** A metric of the chosen Hepars, narrowed by further matchers. */
export function own(metric: string, matchers = ''): string {
  return `${metric}{${[chosen, matchers].filter((part) => part !== '').join(', ')}}`
}

/** How much a counter grew over the whole time range that is looked at. */
export function grown(metric: string, matchers = ''): string {
  return `increase(${own(metric, matchers)}[$__range])`
}

/** How much it grew around each point of a graph. */
export function growing(metric: string, matchers = ''): string {
  return `increase(${own(metric, matchers)}[$__rate_interval])`
}

/** Whole events, which an increase extrapolates to fractions. */
export function count(increase: string, by?: string): string {
  return `round(sum${by === undefined ? '' : ` by (${by})`} (${increase}))`
}

/** A share or a mean, absent where there is nothing to divide by: 0 of 0 is no bad mark. */
export function ratio(part: string, whole: string, by?: string): string {
  const sum = `sum${by === undefined ? '' : ` by (${by})`}`
  return `${sum} (${part}) / (${sum} (${whole}) > 0)`
}

/** A quantile of a histogram, absent where nothing was observed. */
export function quantile(q: number, buckets: string, by = ''): string {
  return `histogram_quantile(${q}, sum by (${['le', by].filter((label) => label !== '').join(', ')}) (${buckets})) >= 0`
}

/** What any process exports, of those alone that are Hepar: with the job "All" the selector takes in strangers. */
export function ofHepar(vector: string): string {
  return `${vector} and on (job, instance) present_over_time(${own('hepar_build_info')}[$__range])`
}
