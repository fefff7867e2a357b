import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { startAlertmanager } from '../kit/alertmanager.ts'
import { runProgram } from '../kit/process.ts'
import { startSink } from '../kit/sink.ts'
import { waitFor } from '../kit/wait.ts'

const folder = join(import.meta.dirname, '../../alertmanager')
const file = join(folder, 'alertmanager.yml')

interface RouteCase {
  readonly why: string
  readonly labels: Readonly<Record<string, string>>
  readonly receivers: readonly string[]
}

const cases = parse(await readFile(join(folder, 'tests/routes.yml'), 'utf8')) as readonly RouteCase[]

test('amtool finds nothing wrong with the shipped configuration', async () => {
  const { code, stdout, stderr } = await runProgram('amtool', ['check-config', file])
  expect({ code, said: stdout + stderr }).toMatchObject({ code: 0, said: expect.stringContaining('SUCCESS') })
})

for (const { why, labels, receivers } of cases) {
  test(`route: ${why}`, async () => {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
    const { code, stdout } = await runProgram('amtool', ['config', 'routes', 'test', `--config.file=${file}`, ...pairs])
    expect({ code, receivers: stdout.trim().split(',') }).toEqual({ code: 0, receivers })
  })
}

test('Hepar hears of an alert at once, and people only of what is still ill after the head start', async () => {
  await using hepar = await startSink()
  await using people = await startSink()
  const headStartMs = 4_000
  const document = parseDocument(await readFile(file, 'utf8'))
  document.setIn(['route', 'group_wait'], `${headStartMs}ms`)
  document.setIn(['receivers', 0, 'webhook_configs', 0, 'url'], hepar.url)
  document.setIn(['receivers', 1, 'webhook_configs'], [{ url: people.url }])
  await using alertmanager = await startAlertmanager({ config: document.toString() })

  const startsAt = new Date().toISOString()
  const healed = { labels: { alertname: 'ContainerUnhealthy', host: 'local', name: 'healed' }, startsAt }
  const ill = { labels: { alertname: 'ContainerUnhealthy', host: 'local', name: 'ill' }, startsAt }
  const sentAt = Date.now()
  await alertmanager.post([healed, ill])
  await waitFor(() => hepar.requests.length === 2, { what: 'one delivery for each alert' })
  expect((hepar.requests.at(-1)?.at ?? 0) - sentAt).toBeLessThan(headStartMs)
  await alertmanager.post([{ ...healed, endsAt: new Date().toISOString() }])

  await waitFor(() => people.requests.length > 0, { what: 'the page' })
  expect((people.requests[0]?.at ?? 0) - sentAt).toBeGreaterThanOrEqual(headStartMs - 100)
  await waitFor(() => hepar.requests.some(({ body }) => body.includes('"resolved"')), { what: 'the resolve at Hepar' })
  expect(people.requests.map(({ body }) => JSON.parse(body).alerts.map((one: typeof ill) => one.labels.name))).toEqual([
    ['ill'],
  ])
})
