import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { layOut } from './grid.ts'
import { growing, own } from './query.ts'
import { gates } from './rows/gates.ts'
import { hepar } from './rows/hepar.ts'
import { now } from './rows/now.ts'
import { recoveryTimes } from './rows/recovery.ts'
import { success } from './rows/success.ts'
import { datasource } from './target.ts'

/** The dashboard "healing", in the classic model, which Grafana 13 migrates when it loads it. */
export function healing(): Dashboard {
  const dashboard = new DashboardBuilder('Hepar: healing')
    .uid('hepar-healing')
    .description(
      'What is ill, what Hepar does about it, whether that works, how long it takes, and why it did not act.',
    )
    .tags(['hepar'])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([
      source(),
      label('job', 'Job', 'hepar_build_info'),
      label('instance', 'Instance', 'hepar_build_info{job=~"$job"}'),
    ])
    .annotations([
      attempts('Attempts that healed', 'green', 'outcome="healed"'),
      attempts('Attempts that did not heal', 'red', 'outcome!="healed"'),
      annotation('Stop switch', 'orange', `max by (instance) (${own('hepar_paused')}) == 1`)
        .titleFormat('Paused')
        .textFormat('{{instance}}: no effect begins'),
    ])
  return layOut(dashboard, [now, success, recoveryTimes, gates, hepar]).build()
}

function source() {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus')
}

function label(name: string, title: string, series: string) {
  return new QueryVariableBuilder(name)
    .label(title)
    .datasource(datasource)
    .query({ query: `label_values(${series}, ${name})`, refId: `${name}-values` })
    .definition(`label_values(${series}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] })
}

function attempts(name: string, colour: string, outcome: string) {
  const expr = `sum by (playbook, action, outcome) (${growing('hepar_attempts_total', outcome)}) > 0`
  return annotation(name, colour, expr).titleFormat('{{action}}: {{outcome}}').textFormat('playbook {{playbook}}')
}

/** A mark on every graph for as long as the query has a value. */
function annotation(name: string, colour: string, expr: string) {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .hide(false)
    .iconColor(colour)
    .expr(expr)
    .step('30s')
    .useValueForTime(false)
}
