import { beforeAll, describe, expect, test } from 'vitest'
import { asking, type Dashboard, type Panel, readHealing } from './dashboard.ts'
import { type Exported, scrapeHepar } from './exported-metrics.ts'
import { type Rule, rules } from './rules.ts'

type Mutation = (dashboard: Dashboard) => void

let exported: Exported
beforeAll(async () => {
  exported = await scrapeHepar()
})

const panel = ({ panels }: Dashboard, title: string) => panels.find((one) => one.title === title) as Panel
const variable = ({ templating }: Dashboard, name: string) => templating.list.find((one) => one.name === name)!
const rewrite = (title: string, from: string | RegExp, to: string): Mutation => {
  return (dashboard) => {
    const [target] = panel(dashboard, title).targets!
    const before = target!.expr
    target!.expr = before.replace(from, to)
    expect(target!.expr).not.toBe(before)
  }
}

/** For each rule, dashboards that break it: a rule that lets one of them pass protects nobody. */
const mutations: Record<keyof typeof rules, readonly Mutation[]> = {
  'template-datasource': [
    (d) => {
      d.templating.list = d.templating.list.filter(({ type }) => type !== 'datasource')
    },
    (d) => {
      variable(d, 'datasource').name = 'source'
    },
    (d) => {
      variable(d, 'datasource').label = 'Source'
    },
    (d) => {
      variable(d, 'datasource').query = 'loki'
    },
    (d) => void d.templating.list.push({ ...variable(d, 'datasource') }),
  ],
  'template-job': [
    (d) => {
      d.templating.list = d.templating.list.filter(({ name }) => name !== 'job')
    },
    (d) => {
      variable(d, 'job').label = 'job'
    },
    (d) => {
      variable(d, 'job').allValue = '.*'
    },
    (d) => {
      variable(d, 'job').datasource = { uid: 'prometheus' }
    },
  ],
  'template-instance': [
    (d) => {
      variable(d, 'instance').multi = false
    },
    (d) => {
      variable(d, 'instance').includeAll = false
    },
    (d) => {
      variable(d, 'instance').type = 'custom'
    },
  ],
  'template-label-promql': [
    (d) => {
      variable(d, 'job').query = 'label_values(hepar_build_info{, job)'
    },
    (d) => {
      variable(d, 'instance').query = { query: 'hepar_build_info' }
    },
  ],
  'template-on-time-change-reload': [
    (d) => {
      variable(d, 'job').refresh = 1
    },
  ],
  'panel-datasource': [
    (d) => {
      panel(d, 'Healed').datasource = { uid: 'prometheus' }
    },
    (d) => {
      panel(d, 'Playbooks').targets![3]!.datasource = { uid: '$other' }
    },
    (d) => void delete d.annotations.list[0]!.datasource,
  ],
  'panel-title-description': [
    (d) => {
      panel(d, 'Queue').title = ''
    },
    (d) => void delete panel(d, 'Playbooks').description,
    (d) => {
      panel(d, 'Mode').description = 'The mode'
    },
  ],
  'panel-units': [
    (d) => void delete panel(d, 'Memory').fieldConfig!.defaults.unit,
    (d) => {
      panel(d, 'Time to recovery').fieldConfig!.defaults.unit = 'seconds'
    },
    (d) => void panel(d, 'Playbooks').fieldConfig!.overrides.pop(),
  ],
  'panel-no-targets': [
    (d) => {
      panel(d, 'Gate blocks').targets = []
    },
  ],
  'target-promql': [
    rewrite('Healed', /\)$/, ''),
    rewrite('Queue', /^.*$/, ''),
    rewrite('Deliveries by code', '$__rate_interval', '$__interval_ms'),
    (d) => {
      d.annotations.list[1]!.expr = 'sum by ('
    },
  ],
  'target-rate-interval': [
    rewrite('Deliveries by code', '$__rate_interval', '5m'),
    rewrite('Deliveries by code', '$__rate_interval', '$__range'),
    rewrite('Healed', '$__range', '6h'),
  ],
  'target-job': [
    rewrite('Queue', 'job=~"$job", ', ''),
    rewrite('Queue', 'job=~"$job"', 'job="$job"'),
    rewrite('Hepar', /job=~"\$job"(?!.*job=~)/, 'job=~"hepar"'),
  ],
  'target-instance': [
    rewrite('Queue', ', instance=~"$instance"', ''),
    (d) => {
      d.annotations.list[2]!.expr = 'hepar_paused{job=~"$job"} == 1'
    },
  ],
  'target-counter-agg': [
    rewrite('Healed', /increase\((.*)\[\$__range\]\)/, '$1'),
    rewrite('Healed', 'increase', 'max_over_time'),
    rewrite('How long effects take', /increase\((.*)\[\$__range\]\)/, '$1'),
  ],
  uneditable: [
    (d) => {
      d.editable = true
    },
  ],
  'metrics-exist': [
    rewrite('Queue', 'hepar_queue_depth', 'hepar_queue_length'),
    rewrite('Time to recovery', 'hepar_recovery_seconds_sum', 'hepar_recovery_seconds_total'),
    rewrite('Time to recovery', 'hepar_recovery_seconds_sum', 'hepar_recovery_seconds'),
    rewrite('Queue', 'hepar_queue_depth', 'hepar_queue_depth_bucket'),
    (d) => {
      d.annotations.list[0]!.expr = 'hepar_attempt_total{job=~"$job"}'
    },
  ],
  'variables-exist': [
    (d) => {
      variable(d, 'job').query = 'label_values(hepar_info, job)'
    },
  ],
  'increase-of-counters': [
    rewrite('Queue', /hepar_queue_depth(\{.*\})/, 'rate(hepar_queue_depth$1[$__rate_interval])'),
  ],
  identity: [
    (d) => {
      d.uid = 'other'
    },
    (d) => void delete d.uid,
    (d) => {
      d.schemaVersion = 41
    },
    (d) => {
      d.id = 7
    },
    (d) => {
      d.__inputs = []
    },
  ],
  'unique-ids': [
    (d) => {
      panel(d, 'Queue').id = panel(d, 'Memory').id
    },
    (d) => {
      panel(d, 'Playbooks').targets![1]!.refId = 'A'
    },
    (d) => {
      for (const target of panel(d, 'Playbooks').targets!) delete target.refId
    },
  ],
  'series-are-told-apart': [
    (d) => void delete panel(d, 'Incidents by ending').targets![0]!.legendFormat,
    (d) => {
      panel(d, 'Incidents by ending').targets![0]!.legendFormat = '{{playbook}}'
    },
    (d) => {
      panel(d, 'Queue').targets![0]!.legendFormat = '{{instance}}'
    },
  ],
  'unseen-is-no-news': [
    (d) => {
      panel(d, 'Ill containers').fieldConfig!.defaults.thresholds!.steps[0]!.color = 'green'
    },
    (d) => void panel(d, 'Docker engines').fieldConfig!.defaults.thresholds!.steps.shift(),
    (d) => void delete panel(d, 'Gate blocks').fieldConfig!.defaults.noValue,
  ],
  layout: [
    (d) => {
      panel(d, 'Queue').gridPos.w -= 1
    },
    (d) => {
      panel(d, 'Queue').gridPos.w += 1
    },
    (d) => {
      panel(d, 'Queue').gridPos.x -= 1
    },
    (d) => {
      panel(d, 'Queue').gridPos.y += 30
    },
    (d) => void d.panels.splice(3, 1),
  ],
}

describe.each(Object.entries(rules) as [keyof typeof rules, Rule][])('the rule %s', (name, rule) => {
  test('finds nothing wrong with the shipped dashboard', () => {
    expect(rule(readHealing(), exported)).toEqual([])
  })

  test('finds every dashboard that breaks it', () => {
    mutations[name].forEach((mutate, index) => {
      const broken = readHealing()
      mutate(broken)
      expect(rule(broken, exported), `mutation ${index + 1}`).not.toEqual([])
    })
  })
})

test('the dashboard asks something in every one of its rows', () => {
  const dashboard = readHealing()
  const rows = dashboard.panels.filter(({ type }) => type === 'row')
  expect(rows.map(({ title }) => title)).toEqual([
    'Now: is anything ill, does Hepar act, what waits for you?',
    'Does it work?',
    'How long does it take?',
    'Why did it not act?',
    'Hepar itself',
  ])
  const next = dashboard.panels.map(({ type }, index) => [type, dashboard.panels[index + 1]?.type] as const)
  expect(next.filter(([type, after]) => type === 'row' && (after === 'row' || after === undefined))).toEqual([])
  expect(asking(dashboard).length).toBeGreaterThan(30)
})
