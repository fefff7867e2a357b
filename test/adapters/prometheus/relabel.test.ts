import { expect, test } from 'vitest'
import { rewrittenLabels } from '../../../src/adapters/prometheus/relabel.ts'

const configuration = (steps: string) => `global:
  scrape_interval: 1s
alerting:
  alert_relabel_configs:
${steps}
  alertmanagers:
  - follow_redirects: true
    static_configs:
    - targets: ["127.0.0.1:9093"]
scrape_configs:
- job_name: many
  relabel_configs:
  - target_label: not_this_one
`

test('dropping labels rewrites none, replacing rewrites its target', () => {
  const found = rewrittenLabels(configuration('  - { regex: job, action: labeldrop }\n  - { target_label: severity }'))
  expect(found).toEqual(new Set(['severity']))
})

test('a target that is computed may be any label', () => {
  expect(rewrittenLabels(configuration('  - { target_label: "x_$1" }'))).toBe('all')
  expect(rewrittenLabels(configuration('  - { action: labelmap, regex: "(.*)" }'))).toBe('all')
})

test('a configuration without alerting rewrites none', () => {
  expect(rewrittenLabels('global: {}\nscrape_configs: []\n')).toEqual(new Set())
})

test('a configuration that cannot be read may rewrite any label', () => {
  expect(rewrittenLabels('alerting:\n  - [')).toBe('all')
  expect(rewrittenLabels('alerting:\n  alert_relabel_configs: 3\n')).toBe('all')
})
