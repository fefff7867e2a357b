import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { registerContainerMetrics } from '../src/adapters/docker/container-metrics.ts'
import { registerPathMetrics } from '../src/adapters/paths/path-metrics.ts'
import { playbookJsonSchema } from '../src/adapters/rules/json-schema.ts'
import { registerUnitMetrics } from '../src/adapters/systemd/unit-metrics.ts'
import { createMetrics } from '../src/adapters/telemetry/metrics.ts'
import { registerStoreGauges } from '../src/adapters/telemetry/store-gauges.ts'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { decisions } from '../src/domain/alert.ts'
import { outcomes } from '../src/domain/attempt.ts'
import { auditTypes } from '../src/domain/audit.ts'
import { gateNames } from '../src/domain/gate.ts'
import { endings, incidentStates } from '../src/domain/incident.ts'
import { operatorRules } from '../src/engine/match/operators.ts'
import { routes } from '../src/http/routes.ts'
import { run } from './cli/run.ts'
import { commandLines, keysOf, type Paper, readPapers, root, tableRows } from './kit/papers.ts'

const papers = readPapers()
const paper = (file: string) => papers.get(file) as Paper
const all = [...papers.values()]
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts

/** What the README tells its reader to write. */
const written = ['rules/container-down.yaml', 'plugins/supervisor-restart.ts']

describe.each(all)('$file', ({ file, text, links, spans, ...rest }) => {
  test('links lead somewhere', () => {
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const to = path === '' ? file : join(dirname(file), path)
      return !existsSync(join(root, to)) || (anchor !== undefined && !papers.get(to)?.anchors.has(anchor))
    })
    expect(broken).toEqual([])
  })

  test('no heading has lost its beginning', () => {
    expect(text).not.toMatch(/\n\n [a-z]/)
  })

  test('files and scripts that are named exist', () => {
    const paths = spans.filter((span) =>
      /^(src|docs|test|rules|plugins|prometheus|alertmanager|dashboards)\/[\w./-]+$/.test(span),
    )
    const tests = [...text.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, path = '']) =>
      path.replace(/^(test\/)?/, 'test/'),
    )
    const named = [...paths.filter((path) => !path.endsWith('.test.ts')), ...tests]
    const missing = named.filter((path) => !existsSync(join(root, path)) && !written.includes(path))
    expect(missing).toEqual([])
    const called = [...text.matchAll(/npm (?:run (?:--silent )?)?([a-z]+)/g)].map(([, name = '']) => name)
    const npm = ['install', 'ci', 'package', 'packages']
    expect(called.filter((name) => !Object.hasOwn(scripts, name) && !npm.includes(name))).toEqual([])
  })

  test('commands and their options exist', async () => {
    const lines = commandLines({ file, text, links, spans, ...rest })
    const calls = lines.flatMap(
      (line) => /^(?:npx |npm run (?:--silent )?)?hepar (?:-- )?([a-z].*)$/.exec(line)?.[1] ?? [],
    )
    for (const call of calls) {
      const words = call.split(/\s+/)
      const name = words.slice(0, ['audit', 'token'].includes(words[0] ?? '') ? 2 : 1)
      const help = await run([...name, '--help'])
      expect(help.code, call).toBe(0)
      expect(help.out, call).toContain(`Usage: hepar ${name.join(' ')}`)
      for (const option of words.filter((word) => word.startsWith('--'))) expect(help.out, call).toContain(option)
    }
  })

  test('metrics that are named exist', () => {
    const named = [...text.matchAll(/\bhepar_[a-z_]+\b/g)].map(([name]) => name)
    expect(named.filter((name) => name !== labelName && !metricNames.has(name))).toEqual([])
  })

  test('amtool gets both --start and --end, without which it makes no alert of now', () => {
    for (const line of commandLines({ file, text, links, spans, ...rest })) {
      if (/^amtool .*alert add/.test(line)) expect(line).toMatch(/--start=.*--end=/)
    }
  })

  test('it speaks of the project alone, and of what is there', () => {
    const words = /\b(todo|fixme|wip|tbd|not implemented|coming soon|placeholder text|issue #?\d|sprint|\/work\/)\b/i
    expect(words.exec(text)?.[0]).toBeUndefined()
  })
})

const registry = createMetrics({ version: '', nodeVersion: '' }).registry
registerStoreGauges({ registry } as unknown as Parameters<typeof registerStoreGauges>[0])
registerContainerMetrics(registry, { containers: () => [], up: () => [] })
registerPathMetrics(registry, () => [])
registerUnitMetrics(registry, () => [])
/** What looks like a metric, and is the label by which scrape targets are opted in. */
const labelName = 'hepar_service'
const metricNames = new Set(registry.getMetricsAsArray().map(({ name }) => name))

const names = (file: string) => new Set(paper(file).spans)

test('every key of the configuration is explained, and no other', () => {
  const known = keysOf(configJsonSchema())
  expect(known.filter((key) => !names('docs/configuration.md').has(key))).toEqual([])
  const sections = [...new Set(known.map((key) => key.replace(/[.[].*$/, '')))]
  const documented = [...names('docs/configuration.md')].filter((span) =>
    sections.some((key) => span.startsWith(`${key}.`)),
  )
  const parents = (span: string) =>
    known.some((key) => key === span || key.startsWith(`${span}.`) || key.startsWith(`${span}[`))
  expect(documented.filter((span) => !parents(span))).toEqual([])
})

test('every key of a playbook is explained', () => {
  const known = keysOf(playbookJsonSchema()).filter((key) => key !== 'when')
  expect(known.filter((key) => !names('docs/playbooks.md').has(key.replace(/\[\]$/, '')))).toEqual([])
  const operators = Object.entries(operatorRules).flatMap(([name, { facts }]) => (facts.length > 0 ? [name] : []))
  expect(operators.filter((name) => !names('docs/playbooks.md').has(name))).toEqual([])
})

test('every word of the engine is explained where it belongs', () => {
  const places: readonly (readonly [string, readonly string[]])[] = [
    ['docs/operations.md', [...gateNames, ...[...metricNames].filter((name) => name.startsWith('hepar_'))]],
    ['docs/audit-log.md', auditTypes],
    ['docs/playbooks.md', [...endings, ...incidentStates, ...outcomes]],
    ['docs/api.md', decisions],
  ]
  for (const [file, words] of places)
    expect(
      words.filter((word) => !names(file).has(word)),
      file,
    ).toEqual([])
})

test('every route is listed with its role', () => {
  const listed = tableRows(paper('docs/api.md')).map(([route, role]) => `${route} ${role}`)
  for (const { method, path, access } of routes) {
    const place = path.replace(/:(\w+)/g, '{$1}')
    expect(listed).toContain(`\`${method.toUpperCase()} ${place}\` ${access === 'open' ? 'none' : access}`)
  }
  expect(listed.filter((row) => /^`(GET|PUT|POST|DELETE) /.test(row))).toHaveLength(routes.length)
})

test('each of the fourteen guarantees has its promise, its limits and tests that are there', () => {
  const { text } = paper('docs/guarantees.md')
  const numbered = text.split(/^## (?=\d+\. )/m).slice(1)
  expect(numbered.map((section) => Number.parseInt(section, 10))).toEqual(Array.from({ length: 14 }, (_, at) => at + 1))
  for (const section of numbered) {
    const own = section.split(/^## /m)[0] ?? ''
    const tests = [...own.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = '']) => `test/${path}`)
    expect(own, own.slice(0, 40)).toContain('**Limits.**')
    expect(tests.length, own.slice(0, 40)).toBeGreaterThan(0)
    expect(tests.filter((path) => !existsSync(join(root, path)))).toEqual([])
  }
  const listed = paper('README.md').text.split('## Guarantees')[1]?.split('\n## ')[0] ?? ''
  expect([...listed.matchAll(/^\d+\. /gm)]).toHaveLength(14)
})

test('every command is named somewhere', async () => {
  const { out } = await run(['--help'])
  const commands = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
  expect(commands.length).toBeGreaterThan(10)
  const lines = all.flatMap(commandLines)
  expect(commands.filter((name) => !lines.some((line) => line.includes(`hepar ${name}`)))).toEqual([])
})

test('every shipped alert has its paragraph, and names it', () => {
  for (const name of ['containers', 'hepar', 'paths', 'redis', 'services', 'watchdog']) {
    const file = parse(readFileSync(join(root, `prometheus/rules/${name}.yml`), 'utf8')) as {
      groups: { rules: { alert: string; annotations: Record<string, string> }[] }[]
    }
    for (const { alert, annotations } of file.groups.flatMap(({ rules }) => rules)) {
      const [path, anchor = ''] = annotations.runbook_url?.split('#') ?? []
      expect({ alert, path, known: papers.get(path ?? '')?.anchors.has(anchor) }).toEqual({
        alert,
        path: 'docs/operations.md',
        known: true,
      })
      expect(paper('docs/operations.md').text).toContain(`### ${alert}\n`)
    }
  }
})
