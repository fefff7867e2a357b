import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { isRunning, processesWith } from '../kit/process-table.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const fixtures = join(import.meta.dirname, '../fixtures')

/** Each way to misbehave, and what its attempt must have come to. */
const ways = {
  loop: 'unknown',
  'ignore-abort': 'unknown',
  'throw-on-abort': 'unknown',
  'swallow-abort': 'unknown',
  'exit-0': 'unknown',
  'exit-1': 'unknown',
  abort: 'unknown',
  segfault: 'unknown',
  'throw-in-timer': 'unknown',
  buffers: 'unknown',
  'buffers-in-child': 'unknown',
  print: 'unknown',
  'child-and-loop': 'unknown',
  'close-channel': 'unknown',
  throw: 'failed',
  // These two end well as far as anybody can see, and it is the probe that does not believe them.
  daemon: 'ineffective',
  pollute: 'ineffective',
} as const

const attempt = 'limits: { cooldown: 0s, attempts: [50/1h] }\nwithin: 1s\nfor: 0s'

function rules(folder: string, sink: string): Record<string, string> {
  const verifyAt = (path: string) => `verify: [{ http: { url: "${sink}/${path}" } }]`
  const verify = verifyAt('{{ labels.name }}')
  const when = (alertname: string) =>
    `when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: ${alertname} }] }`
  const target = 'target: service/{{ labels.name }}'
  const misbehave = `action: misbehave, with: { run: "{{ labels.name }}", folder: ${folder} }, timeout: 2s`
  const touch = `{ action: touch, with: { word: "{{ labels.name }}", folder: ${folder} } }`
  return {
    'routed.yaml': `version: 1
${when('Routed')}
${target}
steps:
  - { ${misbehave}, on: { unknown: next, failed: next, ineffective: next } }
  - ${touch}
${verify}
${attempt}
`,
    'by-default.yaml': `version: 1
${when('ByDefault')}
target: service/default-{{ labels.name }}
steps: [{ ${misbehave} }, { escalate: oncall }]
${verifyAt('never')}
${attempt}
`,
    'plans.yaml': `version: 1
${when('Plans')}
target: service/plans-{{ labels.name }}
steps:
  - { action: misbehave, with: { plan: "{{ labels.name }}", folder: ${folder} } }
  - escalate: oncall
${verify}
limits: { maxWait: 4s }
`,
    'well.yaml': `version: 1\n${when('Well')}\n${target}\nsteps: [${touch}]\n${verify}\n${attempt}\n`,
  }
}

test('plugins that misbehave in every way fail their own step and nothing else', async () => {
  await using folder = await tempFolder('plugins')
  const traces = folder.file('traces')
  mkdirSync(traces)
  const touched = () => (existsSync(join(traces, 'touched')) ? readFileSync(join(traces, 'touched'), 'utf8') : '')
  // The probe believes the file system alone: a service is well once the good plugin has been there.
  await using sink = await startSink({
    answer: ({ path, method }) => {
      if (method === 'POST') return {}
      return { code: touched().includes(`${path.slice(1)} `) ? 200 : 503 }
    },
  })
  const plugins = folder.file('third-party')
  mkdirSync(plugins)
  const mark = folder.file('mark-of-this-test')
  await using hepar = await startHepar({
    folder: folder.path,
    plugins: [plugins],
    // Runners inherit PATH, so that the process table tells which processes come from this Hepar.
    env: { PATH: `${process.env.PATH}:${mark}` },
    config: {
      docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } },
      notify: { oncall: { url: sink.url } },
      http: { allow: [sink.url] },
      limits: { probeEvery: '200ms', effects: 6, runnerMemory: '160MiB', planTimeout: '2s', reconcileEvery: '2s' },
    },
  })
  const pid = hepar.pid()
  await dropFiles(hepar, plugins, rules(traces, sink.url))

  const latencies = watchLatency(hepar)
  const names = Object.keys(ways)
  const fire = (alertname: string, all: readonly string[]) =>
    hepar.post(writtenDelivery(all.map((name) => writtenAlert({ alertname, name }))))
  expect(await fire('Routed', names)).toMatchObject({ status: 200 })
  expect(await fire('ByDefault', ['loop', 'throw'])).toMatchObject({ status: 200 })
  expect(await fire('Plans', ['loop', 'exit-1', 'garbage'])).toMatchObject({ status: 200 })
  const well = Array.from({ length: 10 }, (_, index) => `well-${index}`)
  for (const name of well) {
    expect(await fire('Well', [name])).toMatchObject({ status: 200 })
    await pause(500)
  }
  const incidents = await hepar.until(
    'every incident to end',
    (all) =>
      all.every(({ state }) => state === 'closed' || state === 'handed_over') && all.length === names.length + 15,
    150_000,
  )
  const latency = await latencies.stop()

  for (const [name, outcome] of Object.entries(ways)) {
    const incident = incidents.find(({ target }) => target === `service/${name}`)
    expect({ name, ...incident }).toMatchObject({ name, state: 'closed', ending: 'healed' })
    expect({ name, outcomes: await outcomesOf(hepar, incident!.id) }).toEqual({ name, outcomes: [outcome, 'healed'] })
  }
  for (const name of well)
    expect(incidents.find(({ target }) => target.endsWith(name))).toMatchObject({ ending: 'healed' })
  for (const [name, outcome] of [
    ['loop', 'unknown'],
    ['throw', 'failed'],
  ]) {
    const incident = incidents.find(({ target }) => target === `service/default-${name}`)
    expect(incident).toMatchObject({ state: 'handed_over' })
    expect(await outcomesOf(hepar, incident!.id)).toEqual([outcome])
  }
  for (const name of ['loop', 'exit-1', 'garbage']) {
    const incident = incidents.find(({ target }) => target === `service/plans-${name}`)
    expect(incident).toMatchObject({ state: 'handed_over', reason: expect.stringContaining('could not be looked at') })
    expect(await outcomesOf(hepar, incident!.id)).toEqual([])
  }
  const escalations = () => sink.requests.filter(({ method }) => method === 'POST')
  await waitFor(() => escalations().length >= 5, { what: 'the escalations' })
  const escalated = escalations().map((request) => (request.json() as { target: string }).target)
  expect(escalated.toSorted()).toEqual([
    'service/default-loop',
    'service/default-throw',
    'service/plans-exit-1',
    'service/plans-garbage',
    'service/plans-loop',
  ])

  expect(hepar.pid()).toBe(pid)
  expect(hepar.running()).toBe(true)
  expect(latency.failed).toBe(0)
  expect(latency.medianMs).toBeLessThan(500)
  expect(latency.longestMs).toBeLessThan(5_000)
  const peakMiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  expect(peakMiB).toBeLessThan(500)
  const left = ['runners', 'children'].flatMap((name) => pidsIn(join(traces, name)))
  expect(left.length).toBeGreaterThan(names.length)
  expect(left.filter(isRunning)).toEqual([])
  await hepar.stop()
  expect(processesWith(mark)).toEqual([])
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
}, 300_000)

test("a third party's plugin works from its own folder, and a broken one beside it is named with file and reason", async () => {
  await using folder = await tempFolder('third-party')
  const plugins = folder.file('acme')
  const acmeTools = join(plugins, 'node_modules/acme-tools')
  mkdirSync(acmeTools, { recursive: true })
  writeFileSync(join(acmeTools, 'package.json'), '{ "name": "acme-tools", "exports": "./index.mjs" }')
  writeFileSync(join(acmeTools, 'index.mjs'), "export const greet = (name) => 'acme greets ' + name\n")
  cpSync(join(fixtures, 'third-party'), plugins, { recursive: true })
  cpSync(join(fixtures, 'broken-plugins'), plugins, { recursive: true })
  const hepar = await startHepar({
    folder: folder.path,
    plugins: [plugins],
    rules: {
      'greet.yaml': `version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Lonely }] }
target: service/{{ labels.name }}
steps: [{ action: greet-service, with: { folder: ${folder.path} } }]
verify: []
for: 0s
`,
    },
    config: { docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } }, limits: { probeEvery: '100ms' } },
  })
  await using _ = hepar
  const reasons: Record<string, RegExp> = {
    'Upper-Case.ts': /the file name must match/,
    'import-exit.js': /exited with code 0/,
    'import-loop.ts': /no answer within \d+ ms/,
    'import-pollute.ts': /plan must be a function/,
    'import-segfault.ts': /killed by SIGSEGV/,
    'import-throw.mjs': /thrown at import/,
    'missing-package.ts': /no-such-package/,
    'no-default.ts': /no default export/,
    'no-revert.ts': /temporary.*revert|revert.*temporary/,
    'no-schema.ts': /params must be a zod schema/,
    'syntax.ts': /cannot be imported/,
    'twice.mjs': /another action has the same name/,
    'twice.ts': /another action has the same name/,
    'wrong-kind.ts': /kind/,
  }
  const { actions, broken } = (await hepar.call('GET', '/api/v1/actions')).json as {
    actions: { name: string }[]
    broken: { file: string; reason: string }[]
  }
  expect(actions.map(({ name }) => name)).toEqual(['good', 'greet-service'])
  expect(broken.map(({ file }) => file)).toEqual(Object.keys(reasons).map((name) => join(plugins, name)))
  const checked = await hepar.cli('check', '--config', hepar.configFile)
  expect(checked.code).toBe(1)
  for (const [name, reason] of Object.entries(reasons)) {
    const line = (text: string) => text.split('\n').find((one) => one.includes(`${join(plugins, name)}: `)) ?? ''
    expect(line(checked.stdout)).toMatch(reason)
    expect(line(checked.stdout)).toContain('error: this plugin cannot be used: ')
    expect(line(hepar.output())).toMatch(reason)
  }
  expect(checked.stdout).toContain(`${Object.keys(reasons).length} errors`)
  await hepar.post(writtenDelivery([writtenAlert({ alertname: 'Lonely', name: 'web' })]))
  await hepar.until('healed', (all) => all.some(({ ending }) => ending === 'healed'))
  expect(readFileSync(folder.file('note'), 'utf8')).toBe('acme greets web')
}, 180_000)

function pidsIn(file: string): number[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
}

/** Puts a third party's files and playbooks over them in place while Hepar runs, and waits until they are in force. */
async function dropFiles(hepar: Hepar, plugins: string, playbooks: Record<string, string>): Promise<void> {
  expect((await hepar.call('GET', '/api/v1/actions')).json).toMatchObject({ actions: [], broken: [] })
  cpSync(join(fixtures, 'plugins'), plugins, { recursive: true })
  for (const [name, text] of Object.entries(playbooks)) writeFileSync(join(hepar.folder, 'rules', name), text)
  await waitFor(
    async () => {
      const { playbooks: loaded } = (await hepar.call('GET', '/api/v1/playbooks')).json as { playbooks: unknown[] }
      return loaded.length === Object.keys(playbooks).length
    },
    { what: 'the files to be taken up', deadlineMs: 60_000 },
  )
}

/** The outcomes of an incident's attempts, without those that a busy machine called off before they began. */
async function outcomesOf(hepar: Hepar, incident: string): Promise<unknown[]> {
  const events = await hepar.events(incident)
  const outcomes = events.filter(({ type }) => type === 'attempt.concluded').map(({ body }) => body.outcome)
  return outcomes.filter((outcome) => outcome !== 'cancelled')
}

/** Posts a delivery every 100 ms until stopped. */
function watchLatency(hepar: Hepar) {
  const milliseconds: number[] = []
  let failed = 0
  let stopped = false
  const done = (async () => {
    while (!stopped) {
      const begun = performance.now()
      const answer = await hepar.post(
        writtenDelivery([writtenAlert({ alertname: 'Other', name: `${milliseconds.length}` })]),
      )
      if (answer.status !== 200) failed += 1
      milliseconds.push(performance.now() - begun)
      await pause(100)
    }
  })()
  return {
    async stop() {
      stopped = true
      await done
      const sorted = milliseconds.toSorted((a, b) => a - b)
      return { failed, medianMs: sorted[sorted.length >> 1]!, longestMs: sorted.at(-1)! }
    },
  }
}
