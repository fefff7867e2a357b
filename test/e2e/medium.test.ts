import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Answered, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, type HeparSetup, startHepar } from '../kit/hepar.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { mountSmallDisk, type SmallDisk } from '../kit/small-disk.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

const plugins = join(import.meta.dirname, '../fixtures/plugins')

interface Setting {
  readonly hepar: Hepar
  readonly oncall: Sink
  /** Where the plugin `touch` leaves its traces: the witness of every effect. */
  readonly traces: string
  lines(name: 'began' | 'touched'): string[]
  send(alertname: string, name: string): Promise<{ status: number; decision: string | undefined }>
  readyz(): Promise<{ status: number; reason: string | undefined }>
  serve(): Promise<{ code: number | null; stderr: string }>
  /** Takes every free byte, and the room in the log that could be written over, until the returned function is called. */
  fill(): () => void
}

async function setUp(more: Partial<HeparSetup> = {}): Promise<Setting & { disk: SmallDisk }> {
  const folder = await tempFolder('medium')
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const disk = mountSmallDisk(folder.file('data'))
  onTestFinished(() => disk[Symbol.dispose]())
  const traces = folder.file('traces')
  mkdirSync(traces)
  const oncall = await startSink()
  onTestFinished(() => oncall[Symbol.asyncDispose]())
  const hepar = await startHepar({
    folder: folder.path,
    plugins: [plugins],
    rules: {
      'touch.yaml': playbook('Quick', { traces, settle: '0s', pause: '0s' }),
      'settle.yaml': playbook('Settling', { traces, settle: '5s', pause: '0s' }),
      'slow.yaml': playbook('Slow', { traces, settle: '0s', pause: '3s' }),
      'human.yaml': `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: Human }] }
target: service/{{ labels.name }}
steps: [{ escalate: oncall }]
`,
    },
    ...more,
    config: {
      docker: { hosts: { local: { socket: '/nowhere/docker.sock' } } },
      notify: { oncall: { url: oncall.url } },
      limits: { probeEvery: '100ms' },
      ...more.config,
    },
  })
  onTestFinished(() => hepar[Symbol.asyncDispose]())
  return {
    hepar,
    disk,
    oncall,
    traces,
    lines: (name) => linesOf(join(traces, name)),
    async send(alertname, name) {
      const { status, json } = await hepar.post(writtenDelivery([writtenAlert({ alertname, name })]))
      return { status, decision: (json as Partial<Answered>).decisions?.[0]?.decision }
    },
    async readyz() {
      const { status, json } = await hepar.call('GET', '/readyz')
      return { status, reason: json.reason as string | undefined }
    },
    serve: () => hepar.cli('serve', '--config', hepar.configFile),
    fill() {
      // While somebody reads, as a backup does, Hepar cannot help itself by writing its log from the beginning again.
      const stack = new DisposableStack()
      onTestFinished(() => stack.dispose())
      const reader = stack.use(new DatabaseSync(join(hepar.dataFolder, 'hepar.db'), { readOnly: true }))
      reader.exec('begin; select count(*) from audit')
      stack.defer(disk.fill())
      return () => stack.dispose()
    },
  }
}

function playbook(alertname: string, { traces, settle, pause }: { traces: string; settle: string; pause: string }) {
  return `
version: 1
when: { all: [{ fact: labels, path: $.alertname, operator: equal, value: ${alertname} }] }
target: service/{{ labels.name }}
settle: ${settle}
steps:
  - action: touch
    with: { word: "{{ labels.name }}", folder: ${traces}, pause: ${pause} }
    timeout: 30s
verify: []
for: 0s
limits: { cooldown: 0s, attempts: [50/1h] }
`
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

const healed = (target: string) => (incidents: readonly { target: string; ending: unknown }[]) =>
  incidents.some((incident) => incident.target === target && incident.ending === 'healed')

test('a disk that fills up stops intake and effects with 503, and once freed the same process catches up', async () => {
  const { hepar, fill, lines, send, readyz } = await setUp()
  const pid = hepar.pid()
  expect(await send('Quick', 'before')).toEqual({ status: 200, decision: 'matched' })
  await hepar.until('healed before', healed('service/before'))
  expect(await send('Settling', 'waiting')).toEqual({ status: 200, decision: 'matched' })
  const free = fill()
  expect(await send('Quick', 'during')).toEqual({ status: 503, decision: undefined })
  expect(await readyz()).toEqual({ status: 503, reason: expect.stringContaining('the disk is full; free some space') })
  expect((await fetch(`${hepar.url}/livez`)).status).toBe(200)
  expect(await hepar.call('PUT', '/api/v1/pause', { paused: true, reason: 'disk full' })).toMatchObject({ status: 503 })
  const [waiting] = (await hepar.incidents()).filter(({ target }) => target === 'service/waiting')
  const inVain = new RegExp(`"incident":"${waiting!.id}".*the disk is full.*cannot advance incident`)
  await waitFor(() => inVain.test(hepar.output()), { what: 'the incident to be tried in vain' })
  expect(await send('Quick', 'during')).toEqual({ status: 503, decision: undefined })
  expect(lines('began')).toHaveLength(1)
  free()
  await waitFor(async () => (await readyz()).status === 200, { what: 'Hepar to be ready by itself' })
  expect(await send('Quick', 'during')).toEqual({ status: 200, decision: 'matched' })
  await hepar.until('healed afterwards', (incidents) => {
    return healed('service/waiting')(incidents) && healed('service/during')(incidents)
  })
  expect(
    lines('touched')
      .map((line) => line.split(' ')[0])
      .toSorted(),
  ).toEqual(['before', 'during', 'waiting'])
  expect(hepar.pid()).toBe(pid)
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
})

test('a disk that fills up exactly while an effect runs delays its result and starts nothing again', async () => {
  const { hepar, fill, lines, send, readyz } = await setUp()
  await send('Slow', 'web')
  await waitFor(() => lines('began').length === 1, { what: 'the effect to begin' })
  const free = fill()
  await waitFor(() => lines('touched').length === 1, { what: 'the effect to end' })
  await waitFor(async () => (await readyz()).status === 503, { what: 'the result to be refused' })
  expect(await hepar.incidents()).toMatchObject([{ target: 'service/web', state: 'acting' }])
  free()
  const [incident] = await hepar.until('healed', healed('service/web'))
  const types = (await hepar.events(incident!.id)).map(({ type }) => type)
  expect(types.filter((type) => type.startsWith('attempt.'))).toEqual([
    'attempt.intended',
    'attempt.effect_ended',
    'attempt.probed',
    'attempt.concluded',
  ])
  expect(lines('began')).toHaveLength(1)
})

test('a message that left while the disk filled up is not sent again until its sending is recorded', async () => {
  const { hepar, fill, oncall, send, readyz } = await setUp()
  oncall.answer({ delayMs: 2_000 })
  await send('Human', 'web')
  await waitFor(() => oncall.requests.length === 1, { what: 'the message to leave' })
  const free = fill()
  await waitFor(async () => (await readyz()).status === 503, { what: 'the sending to be refused by the disk' })
  oncall.answer({})
  const from = performance.now()
  await waitFor(() => performance.now() - from > 3_000, { what: 'several rounds in which it might leave again' })
  free()
  await waitFor(async () => (await hepar.events()).some(({ type }) => type === 'notification.sent'), {
    what: 'the sending to be recorded',
  })
  expect(oncall.requests).toHaveLength(1)
})

test.each<[string, (data: string) => void]>([
  ['cut in half', (data) => truncateSync(join(data, 'hepar.db'), statSync(join(data, 'hepar.db')).size / 2)],
  ['removed', (data) => rmSync(join(data, 'hepar.db'))],
  ['left with an emptied log', (data) => truncateSync(join(data, 'hepar.db-wal'), 0)],
])('a database that is %s under a running Hepar is never written to as if nothing had happened', async (_, harm) => {
  const { hepar, lines, send, readyz } = await setUp({ config: { log: { level: 'warn' } } })
  expect(await send('Settling', 'web')).toMatchObject({ status: 200 })
  // Until its wait is written down, a commit may be under way that nobody could keep from the harmed file.
  await hepar.until('it settles', ([only]) => Date.parse(String(only?.dueAt)) > Date.now())
  harm(hepar.dataFolder)
  expect(await readyz()).toEqual({ status: 503, reason: expect.stringMatching(/hepar\.db.*restore the data folder/) })
  expect(await send('Quick', 'web')).toMatchObject({ status: 503 })
  expect(await hepar.call('PUT', '/api/v1/pause', { paused: true, reason: 'x' })).toMatchObject({ status: 503 })
  await waitFor(() => hepar.output().includes('store cannot be written'), { what: 'the log to say so' })
  await waitFor(() => /cannot (advance|read due)/.test(hepar.output()), { what: 'the settled incident to be tried' })
  expect(await send('Quick', 'web')).toMatchObject({ status: 503 })
  expect(lines('began')).toEqual([])
  expect(hepar.running()).toBe(true)
  expect(hepar.output().split('\n').length).toBeLessThan(40)
  await hepar.stop()
  expect(hepar.running()).toBe(false)
})

test('what harm was done while it was stopped is named at the start, with the next step, and mends when undone', async () => {
  const { hepar, disk, serve } = await setUp()
  await hepar.post(writtenDelivery(Array.from({ length: 200 }, (_, index) => writtenAlert({ name: `a${index}` }))))
  await hepar.stop()
  const backup = `${hepar.dataFolder}.backup`
  cpSync(hepar.dataFolder, backup, { recursive: true, preserveTimestamps: true })
  const file = (name: string) => join(hepar.dataFolder, name)
  const harms: [RegExp, () => void][] = [
    [
      /hepar\.db cannot be used: it is truncated .*restore the data folder from a backup/,
      () => {
        truncateSync(file('hepar.db'), statSync(file('hepar.db')).size / 2)
      },
    ],
    [/hepar\.db cannot be used: it is truncated \(it is empty\).*restore/, () => truncateSync(file('hepar.db'), 0)],
    [/audit\.key is missing, but the log has \d+ events.*put the file back/, () => rmSync(file('audit.key'))],
    [/audit\.key is open to other users: run chmod 600/, () => chmodSync(file('audit.key'), 0o644)],
    [
      /audit\.key:\d+ is damaged: put the file back/,
      () => truncateSync(file('audit.key'), statSync(file('audit.key')).size - 9),
    ],
    [/its file system is read-only: remount it writable/, () => disk.remount('ro')],
    [/the disk is full; free some space/, () => void disk.fill()],
  ]
  for (const [reason, harm] of harms) {
    harm()
    const { code, stderr } = await serve()
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)])
    // One sentence for a person, neither a stack nor a report of what else went wrong.
    expect(stderr).toMatch(/^hepar: [^\n]+\n$/)
    disk.remount('rw')
    for (const name of ['filler', 'hepar.db-wal', 'hepar.db-shm']) rmSync(file(name), { force: true })
    cpSync(backup, hepar.dataFolder, { recursive: true, preserveTimestamps: true })
    chmodSync(file('audit.key'), 0o600)
  }
  await hepar.start()
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
})
