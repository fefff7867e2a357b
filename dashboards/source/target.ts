import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'

/** The Prometheus that the reader chooses. */
export const datasource = { type: 'prometheus', uid: '$datasource' } as const

export interface Query {
  readonly expr: string
  /** What its series are called; `{{label}}` stands for a label's value. */
  readonly legend?: string
}

const refIds = 'ABCDEFGHIJ'

/** Queries over the whole range, or `instant` at its end; `table` gives labels columns of their own. */
export function targets(
  queries: readonly Query[],
  { instant = false, table = false }: { readonly instant?: boolean; readonly table?: boolean },
): Builder<Dataquery>[] {
  return queries.map(({ expr, legend }, index) => {
    const query = new DataqueryBuilder().datasource(datasource).refId(refIds.charAt(index)).expr(expr)
    query.format(table ? PromQueryFormat.Table : PromQueryFormat.TimeSeries)
    if (legend !== undefined) query.legendFormat(legend)
    return instant || table ? query.instant() : query.range()
  })
}
