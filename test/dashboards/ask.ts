import type { Prometheus } from '../kit/prometheus.ts'
import type { Dashboard, Panel, Target } from './dashboard.ts'

/** The time range that a reader looks at, in epoch seconds. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** The finite values, oldest first: what Grafana would draw. */
  readonly values: readonly number[]
}

const stepSeconds = 2
const rateInterval = '10s'

/** Asks Prometheus what Grafana would, with "All" chosen everywhere. */
export function reader(prometheus: Prometheus, { from, to }: TimeRange) {
  const ask = async (expr: string, instant: boolean): Promise<readonly Series[]> => {
    const replaced = expr
      .replaceAll('$__rate_interval', rateInterval)
      .replaceAll('$__range', `${Math.ceil(to - from)}s`)
      .replaceAll('"$job"', '".+"')
      .replaceAll('"$instance"', '".+"')
    const parameters: Record<string, string> = instant
      ? { query: replaced, time: `${to}` }
      : { query: replaced, start: `${from}`, end: `${to}`, step: `${stepSeconds}` }
    const path = `/api/v1/query${instant ? '' : '_range'}?${new URLSearchParams(parameters)}`
    return seriesOf((await prometheus.get(path)).data)
  }
  return {
    target: ({ expr, instant = false }: Target) => ask(expr, instant),
    annotation: ({ expr }: { readonly expr: string }) => ask(expr, false),
  }
}

function seriesOf(data: unknown): readonly Series[] {
  const { result } = data as {
    result: { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[]
  }
  return result.flatMap(({ metric, value, values }) => {
    const finite = (values ?? (value ? [value] : [])).map(([, text]) => Number(text)).filter(Number.isFinite)
    return finite.length === 0 ? [] : [{ labels: metric, values: finite }]
  })
}

/** The last value of a panel's one query, by the value of a label; without one, of its only series. */
export async function lastBy(read: ReturnType<typeof reader>, target: Target, label?: string) {
  const series = await read.target(target)
  return Object.fromEntries(series.map(({ labels, values }) => [label ? labels[label] : 'all', values.at(-1)]))
}

export function panelOf({ panels }: Dashboard, title: string): Panel {
  const found = panels.find((panel) => panel.title === title)
  if (found === undefined) throw new Error(`the dashboard has no panel "${title}"`)
  return found
}
