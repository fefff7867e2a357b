import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Alertmanager, startAlertmanager } from '../kit/alertmanager.ts'
import { type Foreteller, startForeteller } from '../kit/foreteller.ts'
import { type EventView, type Hepar, startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

const closing = new AsyncDisposableStack()
let alertmanager: Alertmanager
let foreteller: Foreteller
let hepar: Hepar
let witness: Witness
let rules: string
/** Holds its one playbook as a mounted ConfigMap does: a link through `..data` to a folder that is swapped whole. */
let mounted: string
let playbookFor: (takes: string) => string

beforeAll(async () => {
  const folder = closing.use(await tempFolder('reload'))
  const wellness = closing.use(await startSink())
  witness = witnessIn(folder.path)
  playbookFor = (takes) =>
    witnessPlaybook(witness.file, { takes, verify: [`- http: { url: "${wellness.url}", status: 200 }`] })
  foreteller = closing.use(await startForeteller())
  alertmanager = closing.use(await startAlertmanager({ webhookUrl: foreteller.url }))
  rules = folder.file('rules')
  mounted = folder.file('mounted')
  mkdirSync(mounted)
  publish('..v1', playbookFor('nothing'))
  symlinkSync('..data/swapped.yaml', join(mounted, 'swapped.yaml'))
  hepar = closing.use(
    await startHepar({
      folder: folder.path,
      plugins: [witnessPlugins],
      rules: { 'known.yaml': playbookFor('known') },
      config: {
        rules: ['./rules', './mounted'],
        watch: false,
        sources: [{ name: 'main', alertmanagers: [alertmanager.url] }],
        docker: { exporter: { enabled: false } },
        limits: quickLimits,
      },
    }),
  )
  foreteller.attach(hepar)
}, 180_000)

afterAll(() => closing.disposeAsync())

test('SIGHUP takes a new playbook into use for an alert that fires already', async () => {
  await unmatched('hangup')
  writeFileSync(join(rules, 'hangup.yaml'), playbookFor('hangup'))
  hepar.signal('SIGHUP')
  await witness.until('ended', 'hangup')
  await takenUp('hangup', 'signal:SIGHUP')
}, 120_000)

test('hepar reload says what will match before it does, and with --dry-run does no more', async () => {
  await unmatched('asked')
  writeFileSync(join(rules, 'asked.yaml'), playbookFor('asked'))
  const dry = await hepar.cli('reload', '--dry-run')
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^will match \d+ of \d+ active alerts now, opening 1 /),
  })
  expect((await hepar.incidents()).filter(({ target }) => target === 'service/asked')).toEqual([])
  const done = await hepar.cli('reload')
  expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^will match .*\nin force: revision \w+/) })
  await witness.until('ended', 'asked')
  await takenUp('asked', 'operator:local')
}, 120_000)

test('a swapped link, as in a mounted ConfigMap, is noticed', async () => {
  await hepar.stop()
  writeFileSync(hepar.configFile, readFileSync(hepar.configFile, 'utf8').replace('"watch": false', '"watch": true'))
  await hepar.start()
  await unmatched('swapped')
  publish('..v2', playbookFor('swapped'))
  await witness.until('ended', 'swapped')
  await takenUp('swapped', 'engine:files')
}, 120_000)

test('a broken file leaves the last good set in force, and the metric tells', async () => {
  expect(await reloadMetric()).toBe('1')
  writeFileSync(
    join(rules, 'broken.yaml'),
    playbookFor('broken').replace('- alert', '- alrt').replace('steps:', 'stepz:'),
  )
  const refused = await hepar.cli('reload')
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toMatch(/broken\.yaml:\d+:\d+: error: .*stepz/)
  hepar.signal('SIGHUP')
  await waitFor(async () => (await reloadMetric()) === '0', { what: 'the metric tells', deadlineMs: 60_000 })
  // An incident that closes between the question and the delivery makes another answer right, and nothing is compared.
  await waitFor(async () => (await hepar.incidents()).every(({ state }) => state === 'closed'), {
    what: 'the incidents before are closed',
    deadlineMs: 60_000,
  })
  await fire('known')
  await witness.until('ended', 'known')
  rmSync(join(rules, 'broken.yaml'))
  expect((await hepar.cli('reload')).code).toBe(0)
  expect(await reloadMetric()).toBe('1')
  expect(['hangup', 'asked', 'swapped', 'known', 'broken'].map(witness.began)).toEqual([1, 1, 1, 1, 0])
  expect(await foreteller.check()).toBeGreaterThanOrEqual(1)
}, 120_000)

/** Swaps the whole content of the mounted folder at once. */
function publish(version: string, playbook: string): void {
  mkdirSync(join(mounted, version))
  writeFileSync(join(mounted, version, 'swapped.yaml'), playbook)
  symlinkSync(version, join(mounted, '..next'))
  renameSync(join(mounted, '..next'), join(mounted, '..data'))
}

async function fire(service: string): Promise<void> {
  const endsAt = new Date(Date.now() + 600_000).toISOString()
  const startsAt = new Date(Date.now() - 1_000).toISOString()
  await alertmanager.post([{ labels: { alertname: 'Ill', case: service, name: service }, startsAt, endsAt }])
}

/** Lets an alert fire that no playbook takes yet. */
async function unmatched(service: string): Promise<void> {
  await fire(service)
  const listed = await waitFor(
    async () => {
      const { alerts } = (await hepar.call('GET', '/api/v1/alerts')).json as { alerts: Record<string, unknown>[] }
      return alerts.find(({ labels }) => (labels as Record<string, string>).name === service)
    },
    { what: 'the alert is known', deadlineMs: 60_000 },
  )
  expect(listed).toMatchObject({ decision: 'unmatched', reason: 'no playbook matches' })
}

/** What would match was recorded before the incident opened, and one effect came of it. */
async function takenUp(service: string, by: string): Promise<void> {
  const events = await hepar.events()
  const opened = events.find(({ type, target }) => type === 'incident.opened' && target === `service/${service}`)
  const adoptions = events.filter(({ type }: EventView) => type === 'config.loaded')
  const loaded = adoptions.findLast(({ seq }) => seq < opened!.seq)
  expect(loaded).toMatchObject({ body: { willOpen: 1 } })
  expect(loaded!.body.willMatch).toBeGreaterThanOrEqual(1)
  // On a slow machine the files' watch may have been the first to notice; who asked is recorded all the same.
  expect(adoptions.some(({ actor }) => actor === by)).toBe(true)
  expect(hepar.output()).toContain('will match active alerts now')
  expect(witness.began(service)).toBe(1)
}

async function reloadMetric(): Promise<string | undefined> {
  const text = await (await fetch(`${hepar.url}/metrics`)).text()
  return /^hepar_config_last_reload_successful (\d)$/m.exec(text)?.[1]
}
