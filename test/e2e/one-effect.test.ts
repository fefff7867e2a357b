import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Decision } from '../../src/domain/alert.ts'
import type { Explanation } from '../../src/engine/engine.ts'
import { type Alertmanager, startAlertmanager } from '../kit/alertmanager.ts'
import { decidedIn } from '../kit/decided.ts'
import { type Foreteller, startForeteller } from '../kit/foreteller.ts'
import { type EventView, type Hepar, startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

/** Two Alertmanagers that do not see each other, one Hepar that hears both, and a witness. */
const closing = new AsyncDisposableStack()
let first: Alertmanager
let second: Alertmanager
let hepar: Hepar
let foreteller: Foreteller
let witness: Witness

const captured = resolve(import.meta.dirname, '../fixtures/alertmanager')

beforeAll(async () => {
  const folder = closing.use(await tempFolder('one-effect'))
  const wellness = closing.use(await startSink())
  witness = witnessIn(folder.path)
  foreteller = closing.use(await startForeteller())
  const both = { groupInterval: '1s', repeatInterval: '1s' }
  first = closing.use(await startAlertmanager({ ...both, webhookUrl: `${foreteller.url}?source=main` }))
  second = closing.use(await startAlertmanager({ ...both, webhookUrl: `${foreteller.url}?source=main` }))
  const verify = [`- http: { url: "${wellness.url}", status: 200 }`]
  hepar = closing.use(
    await startHepar({
      folder: folder.path,
      plugins: [witnessPlugins],
      rules: {
        'held.yaml': witnessPlaybook(witness.file, { takes: 'held', held: true, verify, steps: '- $ACT\n- $ACT' }),
        'captured.yaml': witnessPlaybook(witness.file, { takes: 'captured', held: true, verify }).replace(
          'path: $.case, operator: equal, value: captured',
          'path: $.alertname, operator: equal, value: ServiceErrors',
        ),
      },
      config: {
        sources: [
          { name: 'main', alertmanagers: [first.url, second.url] },
          { name: 'alone', alertmanagers: [] },
        ],
        docker: { exporter: { enabled: false } },
        limits: { ...quickLimits, reconcileEvery: '2s' },
      },
    }),
  )
  foreteller.attach(hepar)
}, 180_000)

afterAll(() => closing.disposeAsync())

test('an alert that amtool sends ten times has one effect', async () => {
  const send = tell('amtool')
  for (let time = 0; time < 10; time += 1) await send(first)
  await witness.until('began', 'amtool')
  await repeats('amtool', 3)
  await oneEffectOnly('amtool')
}, 120_000)

test('an alert that two Alertmanagers tell of, neither knowing of the other, has one effect', async () => {
  const send = tell('twice-told')
  await Promise.all([send(first), send(second)])
  await witness.until('began', 'twice-told')
  await waitFor(() => new Set(deliveriesOf('twice-told').map(({ externalURL }) => externalURL)).size === 2, {
    what: 'a delivery from each',
    deadlineMs: 60_000,
  })
  await repeats('twice-told', 3)
  await oneEffectOnly('twice-told')
}, 120_000)

test('an alert that lasts while its Alertmanager is killed and forgets everything has one effect', async () => {
  const send = tell('forgotten')
  await send(first)
  await witness.until('began', 'forgotten')
  await first.kill()
  await first.restart({ empty: true })
  const before = deliveriesOf('forgotten').length
  await send(first)
  await waitFor(() => deliveriesOf('forgotten').length > before, { what: 'it is sent anew', deadlineMs: 60_000 })
  await oneEffectOnly('forgotten')
  // Healed meanwhile, and still told: that is not a new illness.
  await first.restart({ empty: true })
  await send(first)
  await repeats('forgotten', 2)
  await oneIncident('forgotten')
  expect(witness.began('forgotten')).toBe(1)
}, 120_000)

test('a delivery that arrives twenty times at the same moment has one effect', async () => {
  const body = readFileSync(`${captured}/prometheus-01-firing.json`, 'utf8')
  const url = '?source=alone'
  const explained = await fetch(`${hepar.url}/api/v1/explain${url}`, { method: 'POST', headers: json, body })
  const foretold = ((await explained.json()) as Explanation).alerts[0]!
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const answer = await fetch(`${hepar.webhookUrl}${url}`, { method: 'POST', headers: json, body })
      expect(answer.status).toBe(200)
      return ((await answer.json()) as { decisions: Decision[] }).decisions
    }),
  )
  expect(answers.map(({ length }) => length)).toEqual(Array(20).fill(1))
  const decisions = answers.flat()
  expect(decisions.filter(({ decision }) => decision === 'matched')).toEqual([foretold.decision])
  expect(decisions.filter(({ decision }) => decision === 'duplicate')).toHaveLength(19)
  await witness.until('began', 'api-a')
  const incident = await oneEffectOnly('api-a')
  const assessed = (await hepar.events(incident)).find(({ type }) => type === 'incident.assessed')
  const { verdict, planDigest } = foretold.incidents[0]!
  expect(assessed?.body).toMatchObject({ verdict: verdict?.verdict, planDigest })
  expect(verdict?.verdict).toBe('run')
}, 120_000)

test('of all these deliveries each came out as foretold, with one decision an alert, and the log is whole', async () => {
  await Promise.all([first.stop(), second.stop()])
  expect(await foreteller.check()).toBeGreaterThanOrEqual(3)
  const sent = foreteller.foretold.flatMap(({ body }) => (JSON.parse(body) as { alerts: unknown[] }).alerts)
  const counts = (await hepar.events()).filter(({ type }) => type === 'delivery.received').map(countOf)
  expect(counts).toHaveLength(foreteller.foretold.length + 20)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sent.length + 20)
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
}, 60_000)

const json = { 'content-type': 'application/json' }

/** Sends one alert, each time with the same labels and times, as `amtool` would. */
function tell(service: string): (alertmanager: Alertmanager) => Promise<unknown> {
  const start = new Date(Date.now() - 1_000).toISOString()
  const end = new Date(Date.now() + 600_000).toISOString()
  const labels = ['alertname=Ill', 'case=held', `name=${service}`]
  return (alertmanager) => alertmanager.amtool('alert', 'add', ...labels, `--start=${start}`, `--end=${end}`)
}

/** The bodies that Alertmanager sent about this service so far. */
function deliveriesOf(service: string): readonly { readonly externalURL: string }[] {
  return foreteller.foretold
    .filter(({ body }) => body.includes(`"name":"${service}"`))
    .map(({ body }) => JSON.parse(body) as { externalURL: string })
}

async function repeats(service: string, count: number): Promise<void> {
  const before = deliveriesOf(service).length
  await waitFor(() => deliveriesOf(service).length >= before + count, {
    what: `${count} repeats`,
    deadlineMs: 60_000,
  })
}

/** Frees the effect, waits for the proof, and looks at what really happened. */
async function oneEffectOnly(service: string): Promise<string> {
  expect([witness.began(service), witness.ended(service)]).toEqual([1, 0])
  witness.free(service)
  await hepar.until('healed', (all) =>
    all.some(({ target, ending }) => target === `service/${service}` && ending === 'healed'),
  )
  expect([witness.began(service), witness.ended(service)]).toEqual([1, 1])
  return oneIncident(service)
}

async function oneIncident(service: string): Promise<string> {
  const own = (await hepar.incidents()).filter(({ target }) => target === `service/${service}`)
  expect(own).toMatchObject([{ state: 'closed', ending: 'healed', attempts: 1, reopenings: 0 }])
  const { alerts } = (await hepar.incident(own[0]!.id)) as { alerts: { fingerprint: string }[] }
  const decided = decidedIn(await hepar.events()).filter(({ fingerprint }) => fingerprint === alerts[0]!.fingerprint)
  expect(decided.map(({ decision }) => decision)).toEqual(['matched'])
  return own[0]!.id
}

function countOf({ body }: EventView): number {
  return Object.values(body.counts as Record<string, number>).reduce((sum, count) => sum + count, 0)
}
