import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createActions } from '../src/adapters/actions/actions.ts'
import type { CheckParams } from '../src/adapters/rules/context.ts'
import { loadPolicy } from '../src/adapters/rules/load-policy.ts'
import { readConfig } from '../src/config.ts'
import { defaultLimits } from '../src/domain/config.ts'
import { resolveHost } from '../src/domain/host.ts'
import { createMatcher } from '../src/engine/match/match.ts'
import { renderProbe, renderTarget, scopeOf } from '../src/engine/match/render.ts'

const root = mkdtempSync(join(tmpdir(), 'hepar-shipped-'))
const log = { debug() {}, info() {}, warn() {}, error() {} }
const settingsFor = () => ({ settings: {} })
const plugins = createActions({ limits: defaultLimits, settingsFor, log, clock: { now: Date.now }, poolSize: 0 })
afterAll(async () => {
  await plugins.close()
  rmSync(root, { recursive: true, force: true })
})

async function shipped() {
  const project = new URL('..', import.meta.url).pathname
  cpSync(join(project, 'hepar.yaml'), join(root, 'hepar.yaml'))
  cpSync(join(project, 'rules'), join(root, 'rules'), { recursive: true })
  mkdirSync(join(root, 'plugins'), { recursive: true })
  const reading = readConfig({ file: join(root, 'hepar.yaml'), env: {} })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  const { actions, broken } = await plugins.describe([join(project, 'plugins')])
  const checkParams: CheckParams = async (name, params, templated) =>
    plugins.checkParams(actions.find((action) => action.name === name)!, params, templated)
  const policy = await loadPolicy({ config: reading.config, actions, broken, checkParams, now: 0 })
  return {
    config: reading.config,
    problems: [...reading.problems, ...policy.problems],
    policy: policy.ok ? policy.policy : null,
  }
}

test('the shipped configuration and playbooks have no problem, not even a warning', async () => {
  const { config, problems, policy } = await shipped()
  expect(problems).toEqual([])
  expect(policy?.playbooks.map(({ name }) => name)).toContain('container-unhealthy')
  expect(config).toMatchObject({
    mode: 'observe',
    listen: { host: '127.0.0.1', port: 4372 },
    sources: [
      { name: 'main', alertmanagers: [{ url: 'http://127.0.0.1:9093' }], prometheus: { url: 'http://127.0.0.1:9090' } },
    ],
    docker: { hosts: [{ name: 'local' }] },
  })
})

test.each([
  [
    { alertname: 'ContainerUnhealthy', host: 'local', name: 'web' },
    'container/local/web',
    'hepar_container_health_status{host="local", name="web"} == 1',
  ],
  [
    { alertname: 'TempFolderFull', host: 'local', path: '/var/tmp/app' },
    'path/local/var/tmp/app',
    'min(hepar_path_available_ratio{host="local", path="/var/tmp/app"}) > 0.1',
  ],
  [
    { alertname: 'SystemdUnitFailed', host: 'local', service: 'web', unit: 'web.service' },
    'service/web',
    'hepar_unit_state{host="local", service="web", state="active"} == 1',
  ],
  [{ alertname: 'ServiceDown', hepar_service: 'web' }, 'service/web', 'max(up{hepar_service="web"}) == 1'],
  [
    { alertname: 'ServiceProbeFailing', hepar_service: 'web' },
    'service/web',
    'max(probe_success{hepar_service="web"}) == 1',
  ],
])('the shipped alert %j matches, with its target and its proof', async (own, target, query) => {
  const { config, policy } = await shipped()
  const labels = { severity: 'warning', ...own } as unknown as Readonly<Record<string, string>>
  const alert = { status: 'firing' as const, startsAt: 0, fingerprint: 'f', generatorURL: '' }
  const facts = { labels, annotations: {}, alert, group: { labels, receiver: 'hepar' } }
  const { matches } = await createMatcher(policy?.playbooks ?? []).match(facts, 0)
  const playbook = matches[0]!.playbook
  const record = { labels, annotations: {} }
  expect(renderTarget(playbook, record, config)).toEqual({ ok: true, target })
  expect(playbook.verify.map((probe) => renderProbe(probe, scopeOf(record, config)))).toEqual([
    { ok: true, probe: { kind: 'cleared' } },
    { ok: true, probe: { kind: 'promql', query } },
  ])
  expect(resolveHost(config, { instance: 'local' })).toEqual({ ok: true, host: 'local' })
})

test.each([
  ['RedisDown', 'redis-down', 'redis_up{redis="cache"} == 1'],
  [
    'RedisMemoryHigh',
    'redis-memory-high',
    'redis_memory_used_bytes{redis="cache"} / redis_memory_max_bytes{redis="cache"} < 0.8',
  ],
])(
  'an alert %s about a redis with a name matches %s, and one without is left alone',
  async (alertname, name, query) => {
    const { config, policy } = await shipped()
    const match = async (labels: Record<string, string>) => {
      const alert = { status: 'firing' as const, startsAt: 0, fingerprint: 'f', generatorURL: '' }
      const facts = { labels, annotations: {}, alert, group: { labels, receiver: 'hepar' } }
      return (await createMatcher(policy?.playbooks ?? []).match(facts, 0)).matches.map(({ playbook }) => playbook)
    }
    const labels = { alertname, severity: 'critical', redis: 'cache' }
    const [playbook] = await match(labels)
    expect(playbook?.name).toBe(name)
    const record = { labels, annotations: {} }
    expect(renderTarget(playbook!, record, config)).toEqual({ ok: true, target: 'redis/cache' })
    const probes = playbook!.verify.map((probe) => renderProbe(probe, scopeOf(record, config)))
    expect(probes).toMatchObject([{ probe: { kind: 'cleared' } }, { probe: { query: expect.stringContaining(query) } }])
    expect(await match({ alertname, severity: 'critical', instance: 'one:9121' })).toEqual([])
    expect(await match({ alertname, severity: 'critical', redis: '' })).toEqual([])
  },
)
