import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table'
import type { Placed } from './panel.ts'
import { datasource, targets } from './target.ts'
import { overrideByName, thresholds } from './value.ts'

export interface Column {
  readonly title: string
  readonly expr: string
  readonly unit: string
  readonly decimals?: number
  readonly more?: readonly DynamicConfigValue[]
}

export interface TableWish {
  readonly title: string
  readonly description: string
  readonly width: number
  readonly empty: string
  /** The labels by which all queries are grouped, one row for each of their values. Label → its column's title. */
  readonly rows: Readonly<Record<string, string>>
  readonly columns: readonly Column[]
  /** Columns that are needed to find the rows, and not shown. */
  readonly hidden?: readonly string[]
}

/** A table whose columns are queries at the end of the range, joined by their labels. */
export function table({ title, description, width, empty, rows, columns, hidden = [] }: TableWish): Placed {
  const values = columns.map(({ title }, index) => [`Value #${String.fromCharCode(65 + index)}`, title] as const)
  // Grafana leaves the letter away where one query alone has an answer: the first, which is there for every row.
  const titles = [...Object.entries(rows), ['Value', columns[0]?.title ?? ''] as const, ...values]
  const excluded = ['Time', ...titles.flatMap(([field, title]) => (hidden.includes(title) ? [field] : []))]
  const panel = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit('short')
    .noValue(empty)
    .thresholds(thresholds())
    .targets(targets(columns, { table: true }))
    .transformations([
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(excluded.map((field) => [field, true])),
          indexByName: Object.fromEntries(titles.map(([field], index) => [field, index])),
          renameByName: Object.fromEntries(titles),
        },
      },
    ])
    .overrides(
      columns
        .filter(({ title }) => !hidden.includes(title))
        .map(({ title, unit, decimals = 0, more = [] }) =>
          overrideByName(title, [{ id: 'unit', value: unit }, { id: 'decimals', value: decimals }, ...more]),
        ),
    )
  return { width, panel }
}
