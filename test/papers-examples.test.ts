import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { createActions } from '../src/adapters/actions/actions.ts'
import { loadPolicy } from '../src/adapters/rules/load-policy.ts'
import { readConfig } from '../src/config.ts'
import { defaultLimits } from '../src/domain/config.ts'
import { parseDelivery } from '../src/domain/delivery.ts'
import { commandLines, type Paper, readPapers, root, tableRows } from './kit/papers.ts'
import { runProgram } from './kit/process.ts'
import { type TempFolder, tempFolder } from './kit/temp.ts'

const papers = readPapers()
const all = [...papers.values()]
const readme = papers.get('README.md') as Paper
const yamlBlocks = all.flatMap(({ file, blocks }) =>
  blocks.filter(({ language }) => language === 'yaml').map(({ text }) => ({ file, text })),
)
const isPlaybook = ({ text }: { text: string }) => text.startsWith('version: 1')

let folder: TempFolder
beforeAll(async () => {
  folder = await tempFolder('papers')
  mkdirSync(folder.file('bin'))
  mkdirSync(folder.file('rules'))
  mkdirSync(folder.file('plugins'))
})
afterAll(() => folder[Symbol.asyncDispose]())

function program(name: string, text: string): void {
  writeFileSync(folder.file('bin', name), `#!/bin/sh\n${text}\n`)
  chmodSync(folder.file('bin', name), 0o755)
}

const path = () => `${folder.file('bin')}${delimiter}${process.env.PATH}`

test('the curl line sends what Alertmanager would send', async () => {
  program('curl', 'while [ "$1" != -d ]; do shift; done; printf %s "$2"')
  const block = readme.blocks.find(({ language, text }) => language === 'sh' && text.startsWith('curl '))!
  const command = block.text.slice(0, block.text.indexOf('hepar alerts'))
  const { stdout } = await runProgram('sh', ['-c', command], { env: { PATH: path() } })
  const reading = parseDelivery(JSON.parse(stdout), { source: 'main', digest: '', limits: defaultLimits })
  expect(reading).toMatchObject({ ok: true, delivery: { alerts: [{ ok: true, alert: { status: 'firing' } }] } })
})

test('every configuration that is shown can be read', () => {
  const shown = yamlBlocks.filter((block) => !isPlaybook(block))
  expect(shown.length).toBeGreaterThan(1)
  writeFileSync(folder.file('alice.token'), 'a-token-of-more-than-16-characters\n')
  for (const { file, text } of shown) {
    const config = folder.file('hepar.yaml')
    writeFileSync(config, text)
    const env = {
      HEPAR_WEBHOOK_TOKEN: 'w'.repeat(32),
      FLAGS_TOKEN: 'f'.repeat(32),
      HEPAR_VIEWER_TOKEN: 'v'.repeat(32),
      REDIS_PASSWORD: 'r',
      OPA_TOKEN: 'o'.repeat(32),
    }
    expect(readConfig({ file: config, env }), `${file}: ${text}`).toMatchObject({ ok: true, problems: [] })
  }
})

test('the defaults of limits in the papers are those of the program', () => {
  const rows = tableRows(papers.get('docs/configuration.md') as Paper)
  const written = rows.flatMap(([key = '', value = '']) => {
    const name = /^`limits\.(\w+)`$/.exec(key)?.[1]
    return name === undefined ? [] : [[name, parse(value.replaceAll('`', ''))] as const]
  })
  expect(written.length).toBe(Object.keys(defaultLimits).length)
  const config = folder.file('hepar.yaml')
  writeFileSync(config, JSON.stringify({ limits: Object.fromEntries(written) }))
  expect(readConfig({ file: config, env: {} })).toMatchObject({ ok: true, config: { limits: defaultLimits } })
})

test('the plugin of the README loads, plans, acts on the run that it pinned, and sees that it is another one', async () => {
  // Stands for supervisord: a run is a number that grows with each restart.
  program(
    'supervisorctl',
    `[ "$1" = status ] && echo "$2   RUNNING   pid $(cat ${folder.path}/run), uptime 0:00:09" && exit
[ "$1" = restart ] && echo $(($(cat ${folder.path}/run) + 1)) > ${folder.path}/run`,
  )
  writeFileSync(folder.file('run'), '1\n')
  const code = readme.blocks.find(({ language, text }) => language === 'ts' && text.includes('defineAction'))
  writeFileSync(folder.file('plugins/supervisor-restart.ts'), code!.text)
  const before = process.env.PATH
  process.env.PATH = path()
  onTestFinished(() => {
    process.env.PATH = before
  })
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const settingsFor = () => ({ settings: {} })
  const actions = createActions({ limits: defaultLimits, settingsFor, log, clock: { now: Date.now }, poolSize: 1 })
  onTestFinished(() => actions.close())
  const { actions: found, broken } = await actions.describe([join(root, 'plugins'), folder.file('plugins')])
  expect(broken).toEqual([])
  const action = found.find(({ name }) => name === 'supervisor-restart')!
  const call = { action, target: 'service/myapp', params: {}, now: Date.now() }
  expect(await actions.plan({ ...call, target: 'service/sshd' })).toMatchObject({ kind: 'refused', final: true })
  const planned = await actions.plan(call)
  if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned))
  expect(planned.plan).toMatchObject({ pin: { pid: '1' }, summary: 'Restart myapp, which runs as pid 1' })
  const runner = await actions.reserve(action)
  const intendedAt = Date.now()
  const { signal } = new AbortController()
  const times = { intendedAt, deadlineAt: intendedAt + 30_000, idempotencyKey: 'k', signal }
  expect(await runner.run({ verb: 'run', action, plan: planned.plan, ...times })).toMatchObject({ kind: 'done' })
  expect(readFileSync(folder.file('run'), 'utf8')).toBe('2\n')
  const verified = await actions.verify({
    action,
    plan: planned.plan,
    intendedAt,
    effectEndedAt: Date.now(),
    effectSeen: true,
  })
  expect(verified).toMatchObject({ passed: true, detail: 'RUNNING, pid 2' })
}, 60_000)

test('every playbook that is shown has no problem, not even a warning', async () => {
  const shown = yamlBlocks.filter(isPlaybook)
  expect(shown.length).toBeGreaterThan(1)
  const config = folder.file('hepar.yaml')
  for (const { file, text } of shown) {
    writeFileSync(folder.file('rules/shown.yaml'), text)
    // A channel is configured where one is shown; the shipped configuration has none.
    const notify = text.includes('escalate:') ? 'notify: { oncall: http://127.0.0.1:1/ }\n' : ''
    writeFileSync(config, `${notify}sources: [{ name: main, prometheus: http://127.0.0.1:9090 }]\n`)
    const reading = readConfig({ file: config, env: {} })
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
    const restart = { name: 'container-restart', kind: 'container', hasVerify: true } as never
    const policy = await loadPolicy({ config: reading.config, actions: [restart], checkParams: async () => [], now: 0 })
    expect(policy, file).toMatchObject({ ok: true, problems: [] })
  }
})

test('the configurations that Prometheus and Alertmanager are started with are there', () => {
  const called = commandLines(readme).filter((line) => /^(prometheus|alertmanager) /.test(line))
  for (const line of called)
    for (const [, file = ''] of line.matchAll(/--config\.file=(\S+)/g)) readFileSync(join(root, file))
  expect(called).toHaveLength(2)
})
