import * as units from '@grafana/grafana-foundation-sdk/units'
import { asking, type Dashboard, type Panel, queriesOf } from './dashboard.ts'
import { type Exported, typeOf } from './exported-metrics.ts'
import { groupedBy, readQuery, type Selector } from './promql.ts'

/** What a dashboard must be like: each rule lists what is wrong. */
export type Rule = (dashboard: Dashboard, exported: Exported) => readonly string[]

const source = '$datasource'
const validUnits = new Set(Object.values(units).filter((unit) => typeof unit === 'string')) as ReadonlySet<string>

const eachQuery = (look: (selector: Selector) => string | false) => (dashboard: Dashboard) =>
  queriesOf(dashboard).flatMap(({ where, expr }) =>
    (readQuery(expr) ?? []).flatMap((selector) => {
      const wrong = look(selector)
      return wrong === false ? [] : [`${where}: ${selector.metric} ${wrong}`]
    }),
  )

const bound = (name: string) =>
  eachQuery(
    ({ matchers }) =>
      !matchers.some((one) => one.name === name && one.op === '=~' && one.value === `$${name}`) &&
      `is not bound to $${name}`,
  )

const variable = (name: string, label: string) => (dashboard: Dashboard) => {
  const found = dashboard.templating.list.find((one) => one.name === name)
  if (found === undefined) return [`there is no variable ${name}`]
  const { type, datasource, multi, includeAll, allValue } = found
  const seen = { label: found.label, type, datasource: datasource?.uid, multi, includeAll, allValue }
  const wanted = { label, type: 'query', datasource: source, multi: true, includeAll: true, allValue: '.+' }
  return JSON.stringify(seen) === JSON.stringify(wanted) ? [] : [`variable ${name} is ${JSON.stringify(seen)}`]
}

const queryText = (query: string | { query: string } | undefined) =>
  (typeof query === 'object' ? query.query : query) ?? ''

/** The rules of Grafana's dashboard-linter, here for every kind of panel, and some of our own. */
export const rules = {
  'template-datasource': ({ templating }) => {
    const found = templating.list.filter(({ type }) => type === 'datasource')
    const right = found.filter(
      ({ name, label, query }) => name === 'datasource' && label === 'Data source' && query === 'prometheus',
    )
    return right.length === 1 && found.length === 1 ? [] : ['no single variable "datasource", labelled "Data source"']
  },
  'template-job': variable('job', 'Job'),
  'template-instance': variable('instance', 'Instance'),
  'template-label-promql': ({ templating }) =>
    templating.list.flatMap(({ name, type, query }) => {
      const [, series = '', label] = /^label_values\((.*), (\w+)\)$/.exec(queryText(query)) ?? []
      return type !== 'query' || (label !== undefined && readQuery(series) !== null) ? [] : [`${name}: no label_values`]
    }),
  'template-on-time-change-reload': ({ templating }) =>
    templating.list.filter(({ type, refresh }) => type === 'query' && refresh !== 2).map(({ name }) => name),
  'panel-datasource': (dashboard) =>
    [
      ...asking(dashboard).filter(
        ({ datasource, targets = [] }) =>
          datasource?.uid !== source || targets.some((target) => target.datasource?.uid !== source),
      ),
      ...dashboard.annotations.list.filter(({ datasource }) => datasource?.uid !== source),
    ].map((one) => JSON.stringify(one)),
  'panel-title-description': (dashboard) =>
    asking(dashboard)
      .filter(({ title, description }) => !title || !description || !/\.$/.test(description))
      .map(({ id }) => `panel ${id}`),
  'panel-units': (dashboard) =>
    asking(dashboard)
      .filter((panel) => unitsOf(panel).some((unit) => unit === undefined || !validUnits.has(unit)))
      .map(({ title }) => `${title}`),
  'panel-no-targets': (dashboard) =>
    asking(dashboard)
      .filter(({ targets = [] }) => targets.length === 0)
      .map(({ title }) => `${title}`),
  'target-promql': (dashboard) =>
    queriesOf(dashboard)
      .filter(({ expr }) => readQuery(expr) === null)
      .map(({ where, expr }) => `${where}: ${expr}`),
  'target-rate-interval': eachQuery(
    ({ within, range }) =>
      (within === 'rate' || within === 'irate' || !/^\$__/.test(range ?? '$__')) &&
      range !== '$__rate_interval' &&
      'has a range that does not follow the graph',
  ),
  'target-job': bound('job'),
  'target-instance': bound('instance'),
  'target-counter-agg': (dashboard, exported) =>
    eachQuery(
      ({ metric, within }) =>
        (metric.endsWith('_total') || typeOf(exported, metric) === 'counter') &&
        !['rate', 'irate', 'increase'].includes(within ?? '') &&
        'is a counter that nothing takes the increase of',
    )(dashboard),
  uneditable: ({ editable }) => (editable ? ['it is editable'] : []),

  'metrics-exist': (dashboard, exported) =>
    eachQuery(({ metric }) => metric !== 'up' && typeOf(exported, metric) === null && 'is exported by nobody')(
      dashboard,
    ),
  'variables-exist': ({ templating }, exported) =>
    templating.list
      .filter(({ type }) => type === 'query')
      .flatMap(({ query }) => readQuery(/^label_values\((.*), \w+\)$/.exec(queryText(query))?.[1] ?? '') ?? [])
      .flatMap(({ metric }) => (typeOf(exported, metric) === null ? [`${metric} is exported by nobody`] : [])),
  'increase-of-counters': (dashboard, exported) =>
    eachQuery(
      ({ metric, within }) =>
        ['rate', 'irate', 'increase'].includes(within ?? '') &&
        typeOf(exported, metric) !== 'counter' &&
        'is no counter, and has no increase',
    )(dashboard),
  identity: (dashboard) => {
    const { uid, schemaVersion } = dashboard
    const wrong = uid !== 'hepar-healing' || schemaVersion !== 42 || 'id' in dashboard || '__inputs' in dashboard
    return wrong ? [JSON.stringify({ uid, schemaVersion, id: dashboard.id })] : []
  },
  'unique-ids': ({ panels }) => [
    ...repeated(panels.map(({ id }) => id)).map((id) => `panel ${id} is there twice`),
    ...panels
      .filter(({ targets = [] }) => repeated(targets.map(({ refId }) => refId)).length > 0)
      .map(({ id }) => `${id}`),
  ],
  'series-are-told-apart': (dashboard) =>
    asking(dashboard).flatMap(({ title, type, targets = [] }) =>
      targets.filter((target) => type !== 'table' && !namesItsSeries(target)).map(({ refId }) => `${title} ${refId}`),
    ),
  'unseen-is-no-news': (dashboard) =>
    asking(dashboard)
      .filter(({ type }) => type === 'stat' || type === 'bargauge')
      .filter(({ fieldConfig }) => {
        const { noValue, thresholds } = fieldConfig?.defaults ?? {}
        return !noValue || thresholds?.steps[0]?.value !== null || thresholds.steps[0].color !== '#808080'
      })
      .map(({ title }) => `${title}`),
  layout: ({ panels }) => [...overlaps(panels), ...holes(panels)],
} satisfies Record<string, Rule>

/** A table's columns have units of their own, unless they are labels or hidden. */
function unitsOf({ type, fieldConfig, transformations = [] }: Panel): (string | undefined)[] {
  const { defaults, overrides } = fieldConfig ?? { defaults: {}, overrides: [] }
  if (type !== 'table') return [defaults.unit]
  const organize = transformations.find(({ id }) => id === 'organize')?.options as
    | { renameByName: Record<string, string>; excludeByName: Record<string, boolean> }
    | undefined
  const columns = Object.entries(organize?.renameByName ?? {})
    .filter(([field]) => field.startsWith('Value') && organize?.excludeByName[field] !== true)
    .map(([, title]) => title)
  const unitOf = (title: string) =>
    overrides.find(({ matcher }) => matcher.options === title)?.properties.find(({ id }) => id === 'unit')?.value
  return [defaults.unit, ...columns.map((title) => unitOf(title) as string | undefined)]
}

function namesItsSeries({ expr, legendFormat = '' }: { expr: string; legendFormat?: string }): boolean {
  const grouped = groupedBy(expr)
  const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
  const outermost = /^(?:round\(|1000 \* )?(?:sum|min|max|avg) ?\(/.test(expr)
  if (outermost || grouped.length === 0) return named.length === 0
  return named.length > 0 && named.every((label) => grouped.includes(label))
}

function repeated<T>(values: readonly T[]): T[] {
  return values.filter((value, index) => values.indexOf(value) !== index)
}

function overlaps(panels: readonly Panel[]): string[] {
  return panels.flatMap((one, index) =>
    panels.slice(index + 1).flatMap((other) => {
      const [a, b] = [one.gridPos, other.gridPos]
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
      return apart ? [] : [`${one.title} lies over ${other.title}`]
    }),
  )
}

/** Without overlaps, the grid is full exactly when the areas add up. */
function holes(panels: readonly Panel[]): string[] {
  const outside = panels.filter(({ gridPos: { x, y, w } }) => x < 0 || y < 0 || x + w > 24)
  const area = panels.reduce((sum, { gridPos: { w, h } }) => sum + w * h, 0)
  const bottom = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h))
  const wrong = outside.map(({ title }) => `${title} sticks out`)
  return area === 24 * bottom ? wrong : [...wrong, `${24 * bottom - area} cells of the grid are empty`]
}
