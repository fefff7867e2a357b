import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { runProgram } from '../kit/process.ts'
import { metricNames, redisMetricNames } from './metric-names.ts'

/** Metrics of those who are to be healed, and of who watches them. */
const theirs = new Set(['up', 'probe_success', 'http_requests_total', 'container_oom_events_total'])

const folder = join(import.meta.dirname, '../../prometheus')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface TestFile {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[]
  }[]
}

const filesIn = async (name: string) =>
  (await readdir(join(folder, name))).filter((file) => file.endsWith('.yml')).map((file) => join(folder, name, file))

const read = async (file: string): Promise<unknown> => parse(await readFile(file, 'utf8'))

const ruleFiles = await filesIn('rules')
const testFiles = await filesIn('tests')
const rules = (await Promise.all(ruleFiles.map(read))).flatMap((file) =>
  (file as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
)
const checks = ((await Promise.all(testFiles.map(read))) as TestFile[]).flatMap(({ tests }) =>
  tests.flatMap((one) => one.alert_rule_test),
)

const promtool = async (...args: string[]) => {
  const { code, stdout, stderr } = await runProgram('promtool', args)
  return { code, said: stdout + stderr }
}

test('promtool finds nothing wrong with the configuration and its rules', async () => {
  expect(await promtool('check', 'config', join(folder, 'prometheus.yml'))).toMatchObject({ code: 0 })
  const { code, said } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', ...ruleFiles)
  expect({ code, said }).toMatchObject({ code: 0 })
})

test('promtool passes every unit test of the rules', async () => {
  expect(testFiles.length).toBe(ruleFiles.length)
  expect(await promtool('test', 'rules', ...testFiles)).toMatchObject({ code: 0 })
})

for (const { alert, expr, labels, annotations } of rules) {
  test(`${alert} is tested firing and not firing, explains itself and names only metrics that exist`, () => {
    const expected = checks.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length)
    expect(expected.some((count) => count > 0)).toBe(true)
    // The dead-man's switch is the one alert that may never stop.
    if (alert !== 'Watchdog') expect(expected).toContain(0)
    expect(['critical', 'warning', 'info', 'none']).toContain(labels.severity)
    expect(annotations.summary).toBeTruthy()
    for (const name of metricsOf(expr)) expect(known(name), name).toBe(true)
  })
}

const known = (name: string) => theirs.has(name) || metricNames.has(name) || redisMetricNames.has(name)

function metricsOf(expr: string): string[] {
  const found: string[] = []
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      expect(type.isError).toBe(false)
      if (type.name === 'Identifier') found.push(expr.slice(from, to))
    },
  })
  return found
}
