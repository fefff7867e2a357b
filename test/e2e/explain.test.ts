import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Alertmanager, startAlertmanager } from '../kit/alertmanager.ts'
import { fireIn } from '../kit/fire.ts'
import { type Foreteller, type Foretold, startForeteller } from '../kit/foreteller.ts'
import { type Hepar, startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { type Witness, witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

const closing = new AsyncDisposableStack()
let alertmanager: Alertmanager
let hepar: Hepar
let foreteller: Foreteller
let witness: Witness

beforeAll(async () => {
  const folder = closing.use(await tempFolder('explain'))
  const wellness = closing.use(await startSink())
  witness = witnessIn(folder.path)
  foreteller = closing.use(await startForeteller())
  alertmanager = closing.use(await startAlertmanager())
  const verify = [`- http: { url: "${wellness.url}", status: 200 }`]
  const playbook = (takes: string, more: object = {}) => witnessPlaybook(witness.file, { takes, verify, ...more })
  hepar = closing.use(
    await startHepar({
      folder: folder.path,
      plugins: [witnessPlugins],
      rules: {
        'auto.yaml': playbook('auto'),
        'observed.yaml': playbook('observed', { more: 'mode: observe' }),
        'asked.yaml': playbook('asked', { more: 'mode: approve' }),
        'cooling.yaml': playbook('cooling', { more: 'limits: { cooldown: 1h, attempts: [9/1h] }\nreopenWithin: 0s' }),
        'spent.yaml': playbook('spent', { more: 'limits: { cooldown: 0s, attempts: [1/1h] }\nreopenWithin: 0s' }),
        'locked.yaml': playbook('locked', { held: true }),
        'human.yaml': playbook('human', { steps: '- escalate: oncall' }),
      },
      config: {
        sources: [{ name: 'main', alertmanagers: [alertmanager.url] }],
        docker: { exporter: { enabled: false } },
        notify: { oncall: { url: wellness.url } },
        limits: quickLimits,
      },
    }),
  )
  foreteller.attach(hepar)
}, 180_000)

afterAll(() => closing.disposeAsync())

interface Row {
  readonly situation: string
  /** The label `case`, which selects the playbook. */
  readonly takes: string
  readonly service: string
  readonly before?: () => Promise<unknown>
  readonly after?: () => Promise<unknown>
  readonly decision?: string
  readonly verdict: string | null
  readonly gate?: string
  /** Whether a plan is made although nothing is done. */
  readonly planned?: boolean
}

const rows: readonly Row[] = [
  { situation: 'nothing forbids it', takes: 'auto', service: 'free', verdict: 'run', planned: true },
  {
    situation: 'the playbook observes',
    takes: 'observed',
    service: 'seen',
    verdict: 'would_run',
    gate: 'mode',
    planned: true,
  },
  { situation: 'the playbook asks', takes: 'asked', service: 'asked', verdict: 'ask', gate: 'approval', planned: true },
  {
    situation: 'the stop switch is on',
    takes: 'auto',
    service: 'stopped',
    before: () => hepar.call('PUT', '/api/v1/pause', { paused: true, reason: 'a release' }),
    after: () => hepar.call('PUT', '/api/v1/pause', { paused: false }),
    verdict: 'wait',
    gate: 'stop_switch',
  },
  {
    situation: 'the alert is silenced',
    takes: 'auto',
    service: 'silenced',
    before: () => alertmanager.silence({ name: 'silenced' }),
    verdict: 'wait',
    gate: 'freshness',
  },
  {
    situation: 'the target is refused for good',
    takes: 'auto',
    service: 'forbidden',
    verdict: 'refuse',
    gate: 'target',
  },
  { situation: 'the target is busy', takes: 'auto', service: 'busy', verdict: 'wait', gate: 'target' },
  {
    situation: 'the last attempt was a moment ago',
    takes: 'cooling',
    service: 'cool',
    before: () => healedOnce('cooling', 'cool'),
    verdict: 'wait',
    gate: 'cooldown',
    planned: true,
  },
  {
    situation: 'the budget is spent',
    takes: 'spent',
    service: 'spent',
    before: () => healedOnce('spent', 'spent'),
    verdict: 'wait',
    gate: 'attempt_budget',
    planned: true,
  },
  {
    situation: 'another playbook is at work on the target',
    takes: 'auto',
    service: 'shared',
    before: async () => {
      await foreteller.post(await delivery('locked', 'shared'))
      await witness.until('began', 'shared')
    },
    after: async () => witness.free('shared'),
    verdict: 'wait',
    gate: 'target_lock',
    planned: true,
  },
  { situation: 'a human is next', takes: 'human', service: 'handed', verdict: null },
  { situation: 'no playbook takes it', takes: 'nobody', service: 'unknown', decision: 'unmatched', verdict: null },
]

test.each(rows)(
  'when $situation, what is explained is what happens',
  async (row) => {
    await row.before?.()
    const effects = witness.began(row.service)
    const foretold = await foreteller.post(await delivery(row.takes, row.service))
    const decision = row.decision ?? 'matched'
    expect(foretold.decisions.map((one) => one.decision)).toEqual([decision])
    expect(foretold.explanation.alerts.map((one) => one.decision)).toEqual(foretold.decisions)
    if (decision === 'matched') await comesTrue(row, foretold)
    else expect(foretold.explanation.alerts[0]?.incidents).toEqual([])
    if (row.verdict === 'run') await witness.until('ended', row.service)
    else expect(witness.began(row.service)).toBe(effects)
    await row.after?.()
  },
  120_000,
)

test('all of it was compared', async () => {
  expect(await foreteller.check()).toBeGreaterThanOrEqual(rows.filter(({ verdict }) => verdict !== null).length)
}, 60_000)

/** Compares the explanation with the row, and with what the log says happened afterwards. */
async function comesTrue(row: Row, { explanation, head }: Foretold): Promise<void> {
  const [explained] = explanation.alerts[0]!.incidents
  expect(explained?.verdict?.verdict ?? null).toBe(row.verdict)
  expect(explained?.verdict?.blockedBy?.gate).toBe(row.gate)
  expect(explained?.planDigest !== null).toBe(row.planned ?? false)
  const target = `service/${row.service}`
  const own = async () => (await hepar.incidents()).find((one) => one.playbook === row.takes && one.target === target)
  if (row.verdict === null) {
    await waitFor(async () => (await own())?.state === 'handed_over', { what: 'handed over', deadlineMs: 60_000 })
    return
  }
  const event = await waitFor(
    async () => {
      const { id } = (await own())!
      return (await hepar.events(id)).find(({ seq, type }) => seq > head && type === 'incident.assessed')
    },
    { what: 'an assessment', deadlineMs: 60_000 },
  )
  expect(event.body).toMatchObject({ verdict: row.verdict, planDigest: explained?.planDigest })
  const gates = event.body.gates as { gate: string; result: string; reason: string }[]
  expect(gates.map(({ gate, result }) => [gate, result])).toEqual(
    explained?.verdict?.gates.map(({ gate, result }) => [gate, result]),
  )
  if (row.gate === undefined) return
  const shown = (await hepar.incident(event.incident!)) as { whyNot: Record<string, unknown> | null }
  expect(shown.whyNot).toMatchObject({ gate: row.gate, unblock: expect.stringMatching(/\S/) })
  const text = (await hepar.cli('show', event.incident!)).stdout
  expect(text).toContain(row.gate)
  expect(text).toContain(gates.at(-1)?.result === 'block' ? gates.at(-1)!.reason : row.gate)
}

/** Each time another alert, which really fires in Alertmanager. */
const delivery = (takes: string, service: string) =>
  fireIn(alertmanager, { alertname: 'Ill', case: takes, name: service, id: String(Math.random()) })

async function healedOnce(takes: string, service: string): Promise<void> {
  await foreteller.post(await delivery(takes, service))
  await hepar.until('healed', (all) =>
    all.some(({ target, ending }) => target === `service/${service}` && ending === 'healed'),
  )
}
