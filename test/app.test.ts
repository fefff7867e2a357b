import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { App } from '../src/app/app-parts.ts'
import { createApp } from '../src/app.ts'

vi.setConfig({ testTimeout: 120_000 })

const plugins = new URL('../plugins', import.meta.url).pathname
const soon = { timeout: 20_000, interval: 50 }

const configuration = `
listen: 127.0.0.1:0
plugins: ${plugins}
watch: false
http: { allow: [ http://127.0.0.1:1/health ] }
docker: { hosts: { local: { socket: /nowhere/docker.sock } }, exporter: { enabled: false } }
`

const playbook = `
version: 1
summary: Restart what is sick
when: { all: [ { fact: labels, path: $.alertname, operator: equal, value: Sick } ] }
target: container/local/{{ labels.name }}
steps: [ { action: container-restart } ]
verify: [ { alert: cleared }, { http: { url: "http://127.0.0.1:1/health", status: 200 } } ]
`

/** A folder with a configuration and a playbook, as an operator would have it. */
function folderWith(text = configuration): string {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-app-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'data'))
  mkdirSync(join(folder, 'rules'))
  writeFileSync(join(folder, 'hepar.yaml'), text)
  writeFileSync(join(folder, 'rules/sick.yaml'), playbook)
  return folder
}

async function start(folder: string): Promise<{ app: App; ask: typeof ask; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = []
  const writeLog = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>)
  const app = await createApp({ configFile: join(folder, 'hepar.yaml'), env: {}, writeLog, prettyLog: false })
  onTestFinished(() => app.close())
  const ask = async (path: string, method = 'GET', body?: unknown) => {
    const init = { method, headers: { 'Content-Type': 'application/json' } }
    const response = await fetch(app.url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) })
    const text = await response.text()
    return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : {} }
  }
  return { app, ask, lines }
}

function delivery(alertname: string, name: string) {
  const labels = { alertname, name }
  const alert = { status: 'firing', fingerprint: `${alertname}-${name}`, labels, startsAt: new Date().toISOString() }
  return { version: '4', alerts: [alert] }
}

test('a started Hepar is ready, decides, and still knows everything after a restart', async () => {
  const folder = folderWith()
  const first = await start(folder)
  expect((await first.ask('/readyz')).status).toBe(200)
  const answer = await first.ask('/webhook/alertmanager', 'POST', delivery('Sick', 'web'))
  expect(answer.json.decisions).toMatchObject([{ decision: 'matched', playbooks: ['sick'] }])
  const { incidents } = (await first.ask('/api/v1/incidents')).json
  expect(incidents).toMatchObject([{ playbook: 'sick', target: 'container/local/web' }])
  await first.app.close()
  await expect(fetch(`${first.app.url}/livez`)).rejects.toThrow()
  const second = await start(folder)
  expect((await second.ask('/api/v1/incidents')).json.incidents).toMatchObject([{ id: incidents[0].id }])
  const { events } = (await second.ask('/api/v1/audit?type=engine.started,engine.stopping,config.loaded')).json
  expect(events.map(({ type }: { type: string }) => type)).toEqual([
    'engine.started',
    'config.loaded',
    'engine.stopping',
    'engine.started',
    'config.loaded',
  ])
})

test('metrics show what the audit log tells and what the store holds', async () => {
  const { ask } = await start(folderWith())
  await ask('/webhook/alertmanager', 'POST', delivery('Other', 'web'))
  const { text } = await ask('/metrics')
  for (const line of [
    'hepar_deliveries_total{code="200"} 1',
    'hepar_alerts_total{decision="unmatched"} 1',
    'hepar_audit_events_total{type="delivery.received"} 1',
    'hepar_incidents_closed_total{playbook="sick",ending="healed"} 0',
    'hepar_config_last_reload_successful 1',
    'hepar_store_up 1',
    'hepar_queue_depth 0',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('a reload says how many active alerts it will match before it puts the new rules in force', async () => {
  const folder = folderWith()
  const { ask, lines } = await start(folder)
  await ask('/webhook/alertmanager', 'POST', delivery('Ill', 'web'))
  writeFileSync(join(folder, 'rules/ill.yaml'), playbook.replace('value: Sick', 'value: Ill'))
  const dry = await ask('/api/v1/reload?dryRun=true', 'POST', {})
  expect(dry.json).toMatchObject({ dryRun: true, playbooks: 2, preview: { active: 1, willMatch: 1, willOpen: 1 } })
  expect((await ask('/api/v1/incidents')).json.incidents).toEqual([])
  expect((await ask('/api/v1/reload', 'POST', {})).status).toBe(200)
  expect((await ask('/api/v1/incidents')).json.incidents).toMatchObject([{ playbook: 'ill' }])
  const said = lines.findIndex(({ msg, willMatch }) => msg === 'will match active alerts now' && willMatch === 1)
  const loaded = lines.findIndex(({ event, actor }) => event === 'config.loaded' && actor === 'operator:local')
  expect(said).toBeGreaterThanOrEqual(0)
  expect(loaded).toBeGreaterThan(said)
})

test('files with problems are refused whole, the last good set stays, and log and metric tell', async () => {
  const folder = folderWith()
  const { ask } = await start(folder)
  const before = (await ask('/api/v1/playbooks')).json.revision
  writeFileSync(join(folder, 'rules/good.yaml'), playbook)
  writeFileSync(join(folder, 'rules/bad.yaml'), playbook.replace('steps:', 'stepps:'))
  const refused = await ask('/api/v1/reload', 'POST', {})
  expect(refused.status).toBe(422)
  expect(refused.json.error.message).toMatch(/bad\.yaml:\d+:\d+: error: .*stepps/)
  expect((await ask('/api/v1/playbooks')).json).toMatchObject({ revision: before, playbooks: [{ name: 'sick' }] })
  expect((await ask('/metrics')).text).toContain('\nhepar_config_last_reload_successful 0\n')
  expect((await ask('/api/v1/audit?type=config.refused')).json.events).toMatchObject([{ actor: 'operator:local' }])
  rmSync(join(folder, 'rules/bad.yaml'))
  expect((await ask('/api/v1/reload', 'POST', {})).status).toBe(200)
  expect((await ask('/metrics')).text).toContain('\nhepar_config_last_reload_successful 1\n')
})

test('what a running process cannot change is refused with the word restart', async () => {
  const folder = folderWith()
  const { ask } = await start(folder)
  for (const change of [
    configuration.replace('127.0.0.1:0', '127.0.0.1:4373'),
    `${configuration}\nstore: sqlite:./data/other.db\n`,
    `${configuration}\nlimits: { planTimeout: 1s }\n`,
  ]) {
    writeFileSync(join(folder, 'hepar.yaml'), change)
    const { status, json } = await ask('/api/v1/reload', 'POST', {})
    expect(status).toBe(422)
    expect(json.error.message).toContain('needs a restart')
  }
  writeFileSync(join(folder, 'hepar.yaml'), `${configuration}\nmode: auto\n`)
  expect((await ask('/api/v1/reload', 'POST', {})).status).toBe(200)
  expect((await ask('/api/v1/playbooks')).json.mode).toBe('auto')
})

test('the swap of a linked rules folder is noticed without a signal', async () => {
  const folder = folderWith(configuration.replace('watch: false', 'watch: true\nrules: ./mounted'))
  mkdirSync(join(folder, 'v2'))
  writeFileSync(join(folder, 'v2/swapped.yaml'), playbook)
  symlinkSync('rules', join(folder, 'mounted'))
  const { ask } = await start(folder)
  symlinkSync('v2', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'mounted'))
  await vi.waitFor(async () => {
    expect((await ask('/api/v1/playbooks')).json.playbooks).toMatchObject([{ name: 'swapped' }])
  }, soon)
})

test('a start that fails half-way leaves nothing behind and says what to do', async () => {
  const folder = folderWith()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  writeFileSync(join(folder, 'hepar.yaml'), configuration.replace('127.0.0.1:0', `127.0.0.1:${port}`))
  await expect(start(folder)).rejects.toThrow(/another process listens there/)
  await new Promise((resolve) => other.close(resolve))
  const { ask } = await start(folder)
  expect((await ask('/readyz')).status).toBe(200)
})

test('a configuration with mistakes does not start and names all of them', async () => {
  const folder = folderWith(`${configuration}\nmoode: auto\nlog: { level: loud }\n`)
  await expect(start(folder)).rejects.toThrow(/moode[\s\S]*level/)
  writeFileSync(join(folder, 'hepar.yaml'), configuration)
  writeFileSync(join(folder, 'rules/sick.yaml'), playbook.replace('container-restart', 'container-restrat'))
  await expect(start(folder)).rejects.toThrow(/sick\.yaml:\d+:\d+: error: .*container-restrat/)
})

test('a mistake in the configuration hides none in the playbooks, neither at a start nor at a reload', async () => {
  const folder = folderWith()
  const { app } = await start(folder)
  writeFileSync(join(folder, 'hepar.yaml'), `${configuration}\nmoode: auto\n`)
  writeFileSync(join(folder, 'rules/sick.yaml'), playbook.replace('container-restart', 'container-restrat'))
  const errors = async () => {
    const report = await app.reload({ dryRun: true, by: 'test' })
    if (report.ok) throw new Error('reloaded')
    return report.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  }
  expect(await errors()).toEqual([expect.stringContaining('moode'), expect.stringContaining('container-restrat')])
  writeFileSync(join(folder, 'rules/sick.yaml'), playbook)
  expect(await errors()).toEqual([expect.stringContaining('moode')])
  await app.close()
  writeFileSync(join(folder, 'rules/sick.yaml'), playbook.replace('container-restart', 'container-restrat'))
  await expect(start(folder)).rejects.toThrow(/moode[\s\S]*container-restrat/)
})

test('a broken plugin is reported with its reason, and the others serve', async () => {
  const folder = folderWith(configuration.replace(`plugins: ${plugins}`, `plugins: [${plugins}, ./plugins]`))
  mkdirSync(join(folder, 'plugins'))
  writeFileSync(join(folder, 'plugins/odd.js'), 'throw new Error("does not load")')
  const { app, ask } = await start(folder)
  expect(app.warnings).toContainEqual(
    expect.objectContaining({ severity: 'warning', message: expect.stringContaining('does not load') }),
  )
  const { actions, broken } = (await ask('/api/v1/actions')).json
  expect(actions).toContainEqual(expect.objectContaining({ name: 'container-restart' }))
  expect(broken).toMatchObject([{ name: 'odd', reason: expect.stringContaining('does not load') }])
})

test('a token of the configuration never reaches the log', async () => {
  const token = 'a-very-secret-token'
  const folder = folderWith(
    `${configuration}\nlog: { level: debug }\nauth: { tokens: [ { name: a, role: webhook, token: ${token} } ] }\n`,
  )
  const { app, lines } = await start(folder)
  app.log.info({ note: token }, `seen ${token}`)
  expect(JSON.stringify(lines)).not.toContain(token)
  expect(readFileSync(join(folder, 'data/hepar.db')).includes(token)).toBe(false)
})
