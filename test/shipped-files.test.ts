import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadPolicy } from '../src/adapters/rules/load-policy.ts'
import { readConfig } from '../src/config.ts'
import { resolveHost } from '../src/domain/host.ts'
import { createMatcher } from '../src/engine/match.ts'
import { renderProbe, renderTarget, scopeOf } from '../src/engine/render.ts'

const root = mkdtempSync(join(tmpdir(), 'hepar-shipped-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function shipped() {
  const project = new URL('..', import.meta.url).pathname
  cpSync(join(project, 'hepar.yaml'), join(root, 'hepar.yaml'))
  cpSync(join(project, 'rules'), join(root, 'rules'), { recursive: true })
  mkdirSync(join(root, 'plugins'), { recursive: true })
  const reading = readConfig({ file: join(root, 'hepar.yaml'), env: {} })
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems))
  const restart = {
    name: 'container-restart',
    file: 'plugins/container-restart.ts',
    fileDigest: 'd',
    summary: 'Restart one Docker container',
    kind: 'container',
    risk: 'reversible',
    idempotent: false,
    hasVerify: true,
    hasRevert: false,
    temporary: false,
    paramsSchema: {},
  } as const
  const resources = { ...restart, name: 'container-resources', idempotent: true, hasRevert: true }
  const safeMode = { ...resources, name: 'safe-mode', kind: 'service', hasVerify: false, temporary: true } as const
  const actions = [restart, resources, safeMode]
  const policy = await loadPolicy({ config: reading.config, actions, checkParams: async () => [], now: 0 })
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

test('an alert about an unhealthy container matches, with its target and its proof', async () => {
  const { config, policy } = await shipped()
  const labels = { alertname: 'ContainerUnhealthy', severity: 'warning', host: 'local', name: 'web' }
  const alert = { status: 'firing' as const, startsAt: 0, fingerprint: 'f', generatorURL: '' }
  const facts = { labels, annotations: {}, alert, group: { labels, receiver: 'hepar' } }
  const { matches } = await createMatcher(policy?.playbooks ?? []).match(facts, 0)
  const playbook = matches[0]!.playbook
  const record = { labels, annotations: {} }
  expect(renderTarget(playbook, record, config)).toEqual({ ok: true, target: 'container/local/web' })
  expect(playbook.verify.map((probe) => renderProbe(probe, scopeOf(record, config)))).toEqual([
    { ok: true, probe: { kind: 'cleared' } },
    { ok: true, probe: { kind: 'promql', query: 'hepar_container_health_status{host="local", name="web"} == 1' } },
  ])
  expect(resolveHost(config, { instance: 'local' })).toEqual({ ok: true, host: 'local' })
})
