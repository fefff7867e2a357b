// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts that look like templates are the point
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { unquotePromql } from '../../src/adapters/rules/promql-string.ts'
import { type Answered, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { type Sink, type SinkRequest, startSink } from '../kit/sink.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { evilTexts } from './evil-texts.ts'

vi.setConfig({ testTimeout: 180_000 })

const rounds = 12
const turns = 4
const texts = Object.values(evilTexts)
const fixtures = resolve(import.meta.dirname, '../fixtures/attacks')
const plugins = resolve(import.meta.dirname, '../../plugins')

const stack = new AsyncDisposableStack()
let folder: TempFolder
let prometheus: Sink
let health: Sink
let hepar: Hepar
let answered: Answered['decisions']
let greeting = 0

/** Each text as the value of an alert whose target is fixed, and as the name of a target. */
const alerts = texts.flatMap((evil, index) => [
  writtenAlert({ alertname: 'Evil', case: String(index), evil }),
  writtenAlert({ alertname: 'Target', evil }),
  writtenAlert({ alertname: 'Command', case: String(index), evil }),
])
const huge = writtenAlert({ alertname: 'Evil', case: 'huge', evil: 'x'.repeat(1024 * 1024) })

const rules = () => ({
  'values.yaml': `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Evil }] }
target: service/s{{ labels.case }}
steps:
  - { action: note, with: { file: "${folder.file('notes')}", said: "{{ labels.evil }}" }, timeout: 20s }
  - escalate: oncall
verify:
  - http: { url: "${health.url}/health/{{ labels.evil }}" }
  - promql: up{name="{{ labels.evil }}"} == 1
for: 100ms
within: 2s
limits: { cooldown: 0s, attempts: [50/1h], demoteAfter: never }
`,
  'commands.yaml': `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Command }] }
target: service/c{{ labels.case }}
steps:
  - { action: command, with: { command: show, append: { text: "{{ labels.evil }}" } }, timeout: 20s }
  - escalate: oncall
verify: [{ http: { url: "${health.url}/up" } }]
for: 100ms
within: 2s
limits: { cooldown: 0s, attempts: [50/1h], demoteAfter: never }
`,
  'targets.yaml': `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Target }] }
target: service/{{ labels.evil }}
steps: [{ action: note, with: { file: "${folder.file('targets')}", said: target }, timeout: 20s }]
verify: [{ http: { url: "${health.url}/up" } }]
for: 100ms
within: 1s
limits: { cooldown: 0s, attempts: [50/1h], demoteAfter: never }
`,
  // A regex that explodes where the engine goes back, over a text that makes it.
  'regex.yaml': `
version: 1
when:
  all:
    - { fact: labels, path: $.alertname, operator: equal, value: Regex }
    - { fact: labels, path: $.evil, operator: regex, value: "(a+)+" }
target: service/exploded-{{ labels.case }}
steps: [{ escalate: oncall }]
`,
})

/** One series that is as wanted, and the age of what it was read from. */
function samplesNow() {
  const now = Date.now() / 1_000
  const sample = (part: string, value: string) => ({ metric: { hepar_part__: part }, value: [now, value] })
  return [sample('value', '1'), sample('at0', String(now))]
}

/** A Prometheus that knows all of these alerts, and says that everybody is up. */
function answer({ path }: SinkRequest) {
  const json = (value: unknown) => ({ body: JSON.stringify({ status: 'success', data: value }) })
  if (path.startsWith('/api/v1/status/config')) return json({ yaml: '' })
  if (path.startsWith('/api/v1/query')) return json({ resultType: 'vector', result: samplesNow() })
  const lastEvaluation = new Date().toISOString()
  const rule = (name: string) => ({
    ...{ type: 'alerting', name, labels: {}, health: 'ok', lastEvaluation },
    alerts: alerts.filter(({ labels }) => labels.alertname === name).map(({ labels }) => ({ labels, state: 'firing' })),
  })
  return json({ groups: [{ lastEvaluation, rules: ['Evil', 'Target', 'Command'].map(rule) }] })
}

beforeAll(async () => {
  folder = stack.use(await tempFolder('labels'))
  prometheus = stack.use(await startSink({ answer }))
  health = stack.use(await startSink())
  const oncall = stack.use(await startSink())
  const shown = folder.file('shown')
  writeFileSync(
    folder.file('show'),
    `#!/bin/sh\nfor it in "$@"; do printf '%s\\0' "$it"; done >> ${shown}\nprintf '\\n' >> ${shown}\n`,
    {
      mode: 0o755,
    },
  )
  const commands = {
    show: {
      file: folder.file('show'),
      timeout: '5s',
      args: ['--fixed'],
      append: [{ name: 'text', pattern: '(?s).*' }],
    },
  }
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      plugins: [plugins, fixtures],
      rules: rules(),
      config: {
        sources: [{ name: 'main', prometheus: prometheus.url }],
        docker: { exporter: { enabled: false } },
        notify: { oncall: oncall.url },
        services: Object.fromEntries(texts.map((_, index) => [`c${index}`, { commands }])),
        limits: { probeEvery: '200ms', effects: 8, storm: { incidents: 10_000 } },
      },
    }),
  )
  // It greets people in their own words once it is ready; everything after that is the log.
  const greeted = () => /is ready\n.* show\n\n/s.test(hepar.output())
  await waitFor(greeted, { what: 'the greeting' })
  greeting = hepar.output().length
  const { status, json } = await hepar.post(writtenDelivery([...alerts, huge]))
  expect(status).toBe(200)
  answered = (json as Answered).decisions
  await hepar.until('everything at rest', (all) => {
    return all.length >= 2 * texts.length && all.every(({ state }) => state === 'closed' || state === 'handed_over')
  })
}, 240_000)
afterAll(() => stack.disposeAsync())

const isTarget = (text: string) => !/[/\p{Cc}]/u.test(text) && text.length < 500
const linesOf = (name: string) =>
  existsSync(folder.file(name)) ? readFileSync(folder.file(name), 'utf8').split('\n').filter(Boolean) : []

test('a value beyond its limit is rejected alone, with the reason', () => {
  expect(answered.at(-1)).toMatchObject({ decision: 'rejected', reason: expect.stringMatching(/evil.*65536|64 ?KiB/) })
  const expected = texts.flatMap((text) => ['matched', isTarget(text) ? 'matched' : 'rejected', 'matched'])
  expect(answered.slice(0, -1).map(({ decision }) => decision)).toEqual(expected)
})

test('as a parameter each text arrives as it was written, once', () => {
  const noted = linesOf('notes').map((line) => JSON.parse(line) as { target: string; said: string })
  expect(noted.map(({ target }) => target).sort()).toEqual(texts.map((_, index) => `s${index}`).sort())
  for (const { target, said } of noted)
    expect({ target, said }).toEqual({ target, said: texts[Number(target.slice(1))] })
})

test('as a target each text means what it says, or nothing is done', () => {
  const noted = linesOf('targets').map((line) => (JSON.parse(line) as { target: string }).target)
  expect(noted.sort()).toEqual(texts.filter(isTarget).sort())
})

test('as an argument each text is one word behind the end of options, or the command is not run', () => {
  const runs = linesOf('shown').map((line) => line.split('\0').slice(0, -1))
  const plain = texts.filter((text) => !text.startsWith('-') && !/\p{Cc}/u.test(text) && text.length <= 1_000)
  expect(runs.sort()).toEqual(plain.map((text) => ['--fixed', '--', text]).sort())
  expect(plain.length).toBeGreaterThan(15)
})

test('in PromQL each text is one string, and the query around it stays the same', () => {
  const queries = prometheus.requests
    .map(({ path }) => new URL(path, prometheus.url))
    .filter(({ pathname }) => pathname === '/api/v1/query')
    .map(({ searchParams }) => searchParams.get('query') ?? '')
  const shapes = new Set<string>()
  const meant = new Set<string | null>()
  for (const query of queries) {
    shapes.add(
      query.replace(/name=("(?:[^"\\]|\\.)*")/g, (_, literal: string) => {
        meant.add(unquotePromql(literal))
        return 'name=HERE'
      }),
    )
  }
  expect([...shapes]).toHaveLength(1)
  expect(texts.filter((text) => text.length < 2_000 && !meant.has(text))).toEqual([])
  expect([...meant].filter((text) => !texts.includes(text ?? ''))).toEqual([])
})

test('in a URL each text is one part of the path, on the host that was written', () => {
  const parts = health.requests.map(({ path }) => path).filter((path) => path.startsWith('/health/'))
  const meant = new Set(parts.map((path) => decodeURIComponent(path.slice('/health/'.length))))
  expect(parts.filter((path) => /[/?#\\\s]/.test(path.slice('/health/'.length)))).toEqual([])
  expect([...meant].filter((text) => !texts.includes(text))).toEqual([])
  expect(meant.size).toBeGreaterThan(15)
  expect(new Set(health.requests.map(({ headers }) => headers['x-injected']))).toEqual(new Set([undefined]))
})

test('nothing was touched outside', () => {
  expect([folder.file('PWNED'), '/PWNED', 'PWNED'].filter(existsSync)).toEqual([])
  expect(hepar.running()).toBe(true)
})

test('the API gives each text back unchanged, and as nothing that a browser would show', async () => {
  const answer = await fetch(`${hepar.url}/api/v1/alerts?limit=500`)
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  const { alerts: listed } = (await answer.json()) as { alerts: { labels: Record<string, string> }[] }
  expect(new Set(listed.map(({ labels }) => labels.evil))).toEqual(new Set(texts))
})

test('no line of the log and of the metrics is forged, and none steers a terminal', async () => {
  const lines = hepar.output().slice(greeting).split('\n').filter(Boolean)
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow()
  expect(lines.some((line) => JSON.parse(line).msg === 'forged')).toBe(false)
  expect(hepar.output().replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  const metrics = await (await fetch(`${hepar.url}/metrics`)).text()
  expect(metrics.split('\n').filter((line) => line !== '' && !/^(#|hepar_|nodejs_|process_)/.test(line))).toEqual([])
})

test('the command line shows what cannot be seen, and obeys nothing of it', async () => {
  const [incident] = (await hepar.incidents()).filter(({ target }) => target.includes('sh\u200bop'))
  const [turned] = (await hepar.incidents()).filter(({ target }) => target.includes('\u202e'))
  const shown = []
  for (const args of [['alerts'], ['incidents'], ['show', incident!.id], ['show', turned!.id]]) {
    const { code, stdout } = await hepar.cli(...args)
    expect(code).toBe(0)
    shown.push(stdout)
  }
  expect(shown.join('').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  expect(shown[2]).toContain('sh\\u200bop\\u200d')
  expect(shown[3]).toContain('shop\\u202egpj.exe')
})

test('what is evil holds nobody up: the event loop lags by at most 100 ms, p99', async () => {
  const post = async (round: number) => {
    const some = texts.map((evil, index) => writtenAlert({ alertname: 'Regex', case: `${round}-${index}`, evil }))
    expect(await hepar.post(writtenDelivery(some))).toMatchObject({ status: 200 })
  }
  /** Since it was asked last. */
  const lagMs = async () => {
    const text = await (await fetch(`${hepar.url}/metrics`)).text()
    return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1_000
  }
  const measure = async (turn: number) => {
    await lagMs()
    for (let round = 0; round < rounds; round += 1) await post(turn * rounds + round)
    return lagMs()
  }
  let lag = await measure(0)
  // A machine that is busy with others makes one turn slow, a text makes every one.
  for (let turn = 1; turn < turns && !(lag <= 100); turn += 1) lag = await measure(turn)
  expect(lag).toBeLessThanOrEqual(100)
})
