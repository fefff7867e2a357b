import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type WrittenAlert, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { type SetClock, setClockIn } from '../kit/set-clock.ts'
import { type Sink, startSink, toldTo } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Ten thousand of them with `npm run crowds`. */
const crowd = Number(process.env.CROWD ?? 1_000)

const stack = new AsyncDisposableStack()
let hepar: Hepar
let witness: Witness
let people: Sink
let health: Sink
let clock: SetClock

/** One Hepar with the bounds that it has by itself, on a clock that the test sets. */
beforeAll(async () => {
  const folder = stack.use(await tempFolder('crowds'))
  clock = setClockIn(folder.path)
  people = stack.use(await startSink())
  health = stack.use(await startSink())
  witness = witnessIn(folder.path)
  const verify = [`- http: { url: "${health.url}/{{ labels.name }}", status: 200 }`]
  const playbook = (takes: string, more: string) =>
    witnessPlaybook(witness.file, {
      takes,
      verify,
      steps: '- $ACT\n- escalate: oncall',
      more: `within: 1s\nreopenWithin: 0s\n${more}`,
    })
      .replace('for: 1s', 'for: 200ms')
      .replace(
        'limits: { cooldown: 0s, attempts: [50/1h] }',
        'limits: { cooldown: 0s, attempts: [50/1h], retryAfter: 0s }',
      )
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      plugins: [witnessPlugins],
      main: join(import.meta.dirname, '../fixtures/programs/clocked-hepar.ts'),
      env: clock.env,
      rules: { 'one.yaml': playbook('one', ''), 'flaps.yaml': playbook('flaps', ''), 'all.yaml': playbook('all', '') },
      config: {
        docker: { exporter: { enabled: false } },
        notify: { oncall: { url: people.url } },
        announce: ['oncall'],
        limits: {
          probeEvery: '100ms',
          episodeGap: '0s',
          rate: ['10/1m', '60/1h'],
          targetActions: ['4/1h', '10/24h'],
          storm: { incidents: 20 },
        },
      },
    }),
  )
}, 120_000)
afterAll(() => stack.disposeAsync())

let aheadMs = 0

function ill(takes: string, labels: Readonly<Record<string, string>>): WrittenAlert {
  const startsAt = new Date(Date.now() + aheadMs).toISOString()
  return writtenAlert({ alertname: 'Ill', case: takes, ...labels }, { startsAt })
}

async function deliver(alerts: readonly WrittenAlert[]): Promise<void> {
  expect(await hepar.post(writtenDelivery(alerts))).toMatchObject({ status: 200 })
}

/** All rows of a list of the API. */
async function listed<Row>(path: string, rows: string): Promise<readonly Row[]> {
  const found: Row[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { json } = await hepar.call('GET', `${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
    found.push(...(json[rows] as readonly Row[]))
    cursor = json.cursor as string | null
  }
  return found
}

interface AlertView {
  readonly fingerprint: string
  readonly decision: string
  readonly reason: string
}

/** What the API does not account for: alerts without a decision and its reason. */
async function unaccounted(alerts: readonly WrittenAlert[]): Promise<number> {
  const views = await listed<AlertView>('/api/v1/alerts?limit=1000', 'alerts')
  const told = new Set(
    views
      .filter(({ decision, reason }) => decision === 'matched' && reason !== '')
      .map(({ fingerprint }) => fingerprint),
  )
  return alerts.filter(({ fingerprint }) => !told.has(fingerprint)).length
}

test('a crowd of alerts on one target is one incident and one effect, and people get one message of readable size', async () => {
  health.answer({ code: 503 })
  const alerts = Array.from({ length: crowd }, (_, index) => ill('one', { name: 'web', id: `${index}` }))
  await deliver(alerts)
  const incidents = await hepar.until('handed over', (all) => all.some(({ state }) => state === 'handed_over'))
  expect(incidents).toHaveLength(1)
  await waitFor(() => people.requests.length > 0, { what: 'the message' })
  expect(witness.began('web')).toBe(1)
  expect(toldTo(people)).toEqual(['incident.handed_over'])
  expect(people.requests[0]!.body.length).toBeLessThan(50_000)
  expect(people.requests[0]!.json()).toMatchObject({ moreAlerts: crowd - 20 })
  expect(await unaccounted(alerts)).toBe(0)
})

test('an alert that flaps every 20 s is treated a few times, then left alone, and people are called once', async () => {
  health.answer({ code: 200 })
  people.clear()
  const own = () => listed<IncidentView>('/api/v1/incidents?limit=500&playbook=flaps', 'incidents')
  const rounds = 12
  for (let round = 1; round <= rounds; round += 1) {
    const alert = ill('flaps', { name: 'flap' })
    await deliver([alert])
    const rests = async () => {
      const all = await own()
      return all.length === round && (all[0]?.state === 'closed' || all[0]?.state === 'handed_over')
    }
    await waitFor(rests, { what: `round ${round} to come to rest`, everyMs: 20 })
    await deliver([{ ...alert, status: 'resolved', endsAt: new Date(Date.now() + aheadMs).toISOString() }])
    await waitFor(async () => (await own()).every(({ state }) => state === 'closed'), { what: 'closed', everyMs: 20 })
    aheadMs += 20_000
    clock.set(`+${aheadMs / 1_000}s`)
  }
  expect(witness.began('flap')).toBe(4)
  await waitFor(() => people.requests.length >= 2, { what: 'the messages' })
  expect(toldTo(people)).toEqual(['incident.handed_over', 'incident.closed'])
  const left = (await hepar.events()).filter(({ type }) => type === 'incident.left_alone')
  expect(left).toHaveLength(rounds - 4 - 1)
  for (const { body } of left) expect(body.reason).toMatch(/^flapping: 4 actions in 1h/)
})

test('a crowd of targets at once has no effect, one message tells of it, and each of them says why it waits', async () => {
  people.clear()
  const alerts = Array.from({ length: crowd }, (_, index) => ill('all', { name: `t${index}` }))
  await deliver(alerts)
  const explained = async () => {
    const incidents = await listed<IncidentView>('/api/v1/incidents?limit=500&playbook=all', 'incidents')
    const waiting = incidents.filter(({ waiting }) => (waiting as { gate: string } | null)?.gate === 'storm_latch')
    return new Set(waiting.map(({ target }) => target)).size === crowd
  }
  await waitFor(explained, { what: 'everybody to say why', deadlineMs: 120_000, everyMs: 500 })
  expect(readFileSync(witness.file, 'utf8')).not.toMatch(/ t\d/)
  expect(toldTo(people)).toEqual(['storm.latched'])
  expect(await unaccounted(alerts)).toBe(0)
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
})
