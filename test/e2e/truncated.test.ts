import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Alertmanager, startAlertmanager } from '../kit/alertmanager.ts'
import { type Foreteller, startForeteller } from '../kit/foreteller.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { type Relay, startRelay } from '../kit/relay.ts'
import { startSink } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

const closing = new AsyncDisposableStack()
let alertmanager: Alertmanager
let foreteller: Foreteller
let hepar: Hepar
/** Hepar's way back to Alertmanager. */
let way: Relay
let witness: Witness

const services = ['one', 'two', 'three', 'four', 'five']

beforeAll(async () => {
  const folder = closing.use(await tempFolder('truncated'))
  const wellness = closing.use(await startSink())
  witness = witnessIn(folder.path)
  foreteller = closing.use(await startForeteller())
  const config = stringify({
    route: {
      receiver: 'nobody',
      group_by: ['alertname'],
      group_wait: '2s',
      group_interval: '1s',
      repeat_interval: '1h',
      routes: [{ receiver: 'hepar', matchers: ['team="ours"'] }],
    },
    receivers: [{ name: 'nobody' }, { name: 'hepar', webhook_configs: [{ url: foreteller.url, max_alerts: 2 }] }],
  })
  alertmanager = closing.use(await startAlertmanager({ config }))
  way = closing.use(await startRelay(Number(new URL(alertmanager.url).port)))
  const verify = [`- http: { url: "${wellness.url}", status: 200 }`]
  hepar = closing.use(
    await startHepar({
      folder: folder.path,
      plugins: [witnessPlugins],
      rules: { 'cut.yaml': witnessPlaybook(witness.file, { takes: 'cut', verify }) },
      config: {
        sources: [{ name: 'main', alertmanagers: [way.url] }],
        docker: { exporter: { enabled: false } },
        limits: { ...quickLimits, reconcileEvery: '2s' },
      },
    }),
  )
  foreteller.attach(hepar)
}, 180_000)

afterAll(() => closing.disposeAsync())

test('what Alertmanager cut from a delivery is fetched and decided, and only what is routed to that receiver', async () => {
  await fire('Cut', ['theirs'], 'another')
  await fire('Cut', services, 'ours')
  await hepar.until('each has its incident', (all) => all.length === services.length)
  const [delivery] = foreteller.foretold
  expect(JSON.parse(delivery!.body)).toMatchObject({ truncatedAlerts: 3, receiver: 'hepar' })
  await hepar.until('each is healed', (all) => all.every(({ ending }) => ending === 'healed'))
  expect(services.map(witness.began)).toEqual(services.map(() => 1))
  expect(witness.began('theirs')).toBe(0)
  const events = await hepar.events()
  const received = events.filter(({ type }) => type === 'delivery.received').map(({ body }) => body)
  expect(received).toMatchObject([
    { via: 'webhook', truncated: 3, counts: { matched: 2 } },
    { via: 'reconcile', truncated: 0, counts: { matched: 3 } },
  ])
  expect(await foreteller.check()).toBe(2)
}, 120_000)

test('the rest of a truncated delivery is fetched later when the source does not answer at first', async () => {
  const late = ['six', 'seven', 'eight']
  foreteller.attach(null)
  await fire('Late', late, 'ours')
  const known = await waitFor(
    async () => {
      const all = (await alertmanager.alerts()).filter(({ labels }) => labels.alertname === 'Late')
      return all.length === late.length && all
    },
    { what: 'Alertmanager knows them', deadlineMs: 60_000 },
  )
  const first = known.find(({ labels }) => labels.name === 'six')!
  way.shut()
  const { labels, fingerprint, startsAt } = first
  const alert = { status: 'firing', labels, annotations: {}, startsAt, endsAt: '0001-01-01T00:00:00Z', fingerprint }
  const group = { receiver: 'hepar', groupKey: '', groupLabels: { alertname: 'Late' }, externalURL: '' }
  const answer = await hepar.post({ ...group, version: '4', status: 'firing', truncatedAlerts: 2, alerts: [alert] })
  expect(answer).toMatchObject({ status: 200, json: { decisions: [{ decision: 'matched' }] } })
  await waitFor(() => hepar.output().includes('truncated deliveries could not be completed'), {
    what: 'the first try fails',
    deadlineMs: 60_000,
  })
  way.open()
  await hepar.until('each has its incident', (all) =>
    late.every((name) => all.some((one) => one.target.endsWith(name))),
  )
  await hepar.until('each is healed', (all) => all.every(({ ending }) => ending === 'healed'))
  expect(late.map(witness.began)).toEqual(late.map(() => 1))
}, 120_000)

test('the rest of a delivery that was accepted before a crash is decided after it, though Alertmanager sends nothing more', async () => {
  const names = ['nine', 'ten', 'eleven']
  const before = (await hepar.events()).at(-1)!.seq
  const received = async () =>
    (await hepar.events(undefined, before))
      .filter(({ type, body }) => type === 'delivery.received' && (body.counts as { matched: number }).matched > 0)
      .map(({ body }) => body)
  way.shut()
  foreteller.attach(hepar)
  await fire('Crashed', names, 'ours')
  await waitFor(async () => (await received()).length > 0, { what: 'the delivery is accepted', deadlineMs: 60_000 })
  foreteller.attach(null)
  await hepar.kill()
  way.open()
  // Only what was written down before the crash can bring it back: the next look at the sources is an hour away.
  const config = JSON.parse(readFileSync(hepar.configFile, 'utf8'))
  const limits = { ...config.limits, reconcileEvery: '1h' }
  writeFileSync(hepar.configFile, JSON.stringify({ ...config, limits }))
  await hepar.start()
  await hepar.until('each has its incident', (all) =>
    names.every((name) => all.some((one) => one.target.endsWith(name))),
  )
  await hepar.until('each is healed', (all) => all.every(({ ending }) => ending === 'healed'))
  expect(names.map(witness.began)).toEqual(names.map(() => 1))
  expect(await received()).toMatchObject([
    { via: 'webhook', truncated: 1, counts: { matched: 2 } },
    { via: 'reconcile', truncated: 0, counts: { matched: 1 } },
  ])
}, 180_000)

async function fire(alertname: string, names: readonly string[], team: string): Promise<void> {
  // What began longer ago than the group waits would leave at once, before the others have joined the group.
  const startsAt = new Date().toISOString()
  const endsAt = new Date(Date.now() + 600_000).toISOString()
  await alertmanager.post(names.map((name) => ({ labels: { alertname, case: 'cut', team, name }, startsAt, endsAt })))
}
