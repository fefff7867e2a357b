import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAlertmanager } from './alertmanager.ts'
import { startMetricsSource } from './metrics-source.ts'
import { freePort } from './ports.ts'
import { runProgram, startProcess } from './process.ts'
import { startPrometheus } from './prometheus.ts'
import { startSink } from './sink.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait.ts'

const here = import.meta.dirname

test('waitFor names what it waited for and what failed last', async () => {
  const failing = waitFor(() => expect(1).toBe(2), { what: 'one to be two', deadlineMs: 60, everyMs: 10 })
  await expect(failing).rejects.toThrow(/60 ms in vain for: one to be two[\s\S]*expected 1 to be 2/)
  expect(await waitFor(() => 'value', { what: 'a value' })).toBe('value')
})

test('a port is handed out once', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort))
  expect(new Set(ports).size).toBe(20)
})

test('a program that ends before it is ready is reported with its output', async () => {
  await using folder = await tempFolder('kit')
  const starting = startProcess({
    name: 'broken',
    command: 'sh',
    args: ['-c', 'echo cannot open the thing; exit 3'],
    folder: folder.path,
    ready: () => false,
  })
  await expect(starting).rejects.toThrow(/broken: ended before it was ready[\s\S]*cannot open the thing/)
})

test('a process ends with the test that started it, even when that is killed', async () => {
  await using folder = await tempFolder('kit')
  const script = `
    import { startProcess } from ${JSON.stringify(join(here, 'process.ts'))}
    const started = await startProcess({ name: 'sleeper', command: 'sleep', args: ['600'], folder: ${JSON.stringify(folder.path)} })
    console.log(started.pid)
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = await runProgram(process.execPath, ['--input-type=module', '--eval', script])
  const pid = Number(stdout.trim())
  expect(pid).toBeGreaterThan(1)
  await waitFor(() => !existsSync(`/proc/${pid}`), { what: 'the orphan to end', deadlineMs: 5_000 })
})

test('the sink records requests and answers as told', async () => {
  await using sink = await startSink({ answer: { code: 503, body: 'later' } })
  const refused = await fetch(`${sink.url}/a?b=c`, { method: 'POST', body: '{"x":1}', headers: { 'x-probe': 'yes' } })
  expect([refused.status, await refused.text()]).toEqual([503, 'later'])
  sink.answer({ hang: 'before' })
  await expect(fetch(sink.url, { signal: AbortSignal.timeout(1_000) })).rejects.toThrow(/timeout/i)
  const [first] = sink.requests
  expect(first).toMatchObject({ method: 'POST', path: '/a?b=c', body: '{"x":1}' })
  expect(first?.headers['x-probe']).toBe('yes')
  expect(sink.requests).toHaveLength(2)
})

test('a gauge becomes an alert at the webhook, and Alertmanager killed with empty memory sends it again', async () => {
  await using sink = await startSink()
  await using source = await startMetricsSource()
  await using alertmanager = await startAlertmanager({ webhookUrl: sink.url })
  source.set('well', 0, { host: 'h1' })
  await using prometheus = await startPrometheus({
    scrape: [{ job: 'thing', targets: [source.target] }],
    alertmanagers: [alertmanager.url],
    rules: 'groups: [{ name: g, rules: [{ alert: Ill, expr: well == 0 }] }]',
  })
  await waitFor(() => sink.requests.length > 0, { what: 'the first delivery' })
  expect(sink.requests[0]?.json()).toMatchObject({ status: 'firing', commonLabels: { alertname: 'Ill', host: 'h1' } })

  sink.clear()
  await alertmanager.restart({ empty: true })
  await waitFor(() => sink.requests.length > 0, { what: 'the delivery after the restart' })

  source.set('well', 1, { host: 'h1' })
  await waitFor(() => sink.requests.some((request) => request.body.includes('"resolved"')), { what: 'the resolve' })

  await prometheus.restart({ empty: true, change: { rules: 'groups: []' } })
  const rules = (await prometheus.get('/api/v1/rules')).data as { groups: unknown[] }
  expect(rules.groups).toEqual([])
})

test('amtool alerts and silences reach the Alertmanager', async () => {
  await using alertmanager = await startAlertmanager()
  await alertmanager.amtool('alert', 'add', 'alertname=ByHand', 'host=h1')
  const id = await alertmanager.silence({ alertname: 'ByHand' })
  const [alert] = await alertmanager.alerts()
  expect(alert?.labels).toEqual({ alertname: 'ByHand', host: 'h1' })
  expect(alert?.status).toMatchObject({ state: 'suppressed', silencedBy: [id] })
})
