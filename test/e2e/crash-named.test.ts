import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Courier, createCourier } from '../crash/courier.ts'
import { violations } from '../crash/violations.ts'
import { type EventView, type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { commandOf, membersOf } from '../kit/process-table.ts'
import { type Sink, startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { deliveryAbout, type Manner, openWard, type Ward } from '../kit/ward.ts'

let stack: AsyncDisposableStack
let ward: Ward
let oncall: Sink
let hepar: Hepar
let courier: Courier
const patients: string[] = []

const settleMs = 10_000
const cooldownMs = 8_000
const windowMs = 12_000

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  const folder = stack.use(await tempFolder('crash'))
  ward = stack.use(await openWard(join(folder.path, 'ward')))
  oncall = stack.use(await startSink())
  hepar = stack.use(
    await startHepar({
      folder: folder.path,
      holdable: true,
      plugins: [ward.plugins],
      rules: {
        'treat.yaml': ward.playbook('Ill'),
        'at-once.yaml': ward.playbook('ProvenAtOnce', { for: '0s' }),
        'watch.yaml': ward.playbook('OnlyWatched', { mode: 'observe' }),
        'settle.yaml': ward.playbook('Settling', { settle: `${settleMs}ms` }),
        'cool-down.yaml': ward.playbook('Cooling', {
          steps: [
            { action: 'treat', with: { ward: ward.folder } },
            { action: 'treat', with: { ward: ward.folder } },
          ],
          limits: { cooldown: `${cooldownMs}ms`, attempts: ['1000/1h'], maxWait: '5m' },
        }),
        'again.yaml': ward.playbook('Repeatable', {
          steps: [{ action: 'treat-again', with: { ward: ward.folder } }, { escalate: 'oncall' }],
        }),
        'window.yaml': ward.playbook('LongWatched', { within: `${windowMs}ms` }),
      },
      config: {
        docker: { exporter: { enabled: false } },
        notify: { oncall: { url: oncall.url } },
        limits: { probeEvery: '200ms', episodeGap: '0s' },
      },
    }),
  )
  courier = createCourier(hepar.webhookUrl)
  stack.defer(() => courier.stop())
}, 120_000)

afterAll(() => stack.disposeAsync())

/** One illness, from the outside. */
interface Case {
  readonly patient: string
  readonly target: string
  readonly taken: Promise<readonly { decision: string }[]>
  incident(): Promise<IncidentView | undefined>
  events(): Promise<readonly EventView[]>
  count(type: string): Promise<number>
  /** Waits until Hepar has nothing more to do about it, and says in which state. */
  rest(): Promise<IncidentView>
  begun(): Promise<unknown>
}

function fallIll(name: string, manner: Manner, alertname = 'Ill'): Case {
  const patient = `${name}-${patients.length}`
  const target = `service/${patient}`
  patients.push(patient)
  ward.fallIll(patient, manner)
  const startsAt = ward.journal(patient)[0]!.at
  const taken = courier.send(deliveryAbout(patient, { alertname, startsAt }))
  taken.catch(() => {})
  const incident = async () => (await hepar.incidents()).find((one) => one.target === target)
  const events = async () => {
    const own = await incident()
    return own ? hepar.events(own.id) : []
  }
  return {
    patient,
    target,
    taken,
    incident,
    events,
    count: async (type) => (await events()).filter((event) => event.type === type).length,
    rest: () =>
      waitFor(
        async () => {
          const own = await incident()
          if (own && (own.state === 'closed' || own.state === 'handed_over')) return own
          throw new Error(`${own?.state}: ${own?.reason}`)
        },
        { what: `${target} at rest`, deadlineMs: 90_000 },
      ),
    begun: () =>
      waitFor(() => ward.begun(patient).length > 0, { what: `a treatment of ${patient}`, deadlineMs: 60_000 }),
  }
}

/** Somebody makes the patient well, the alert resolves, and the incident closes. */
async function dischargeAll(): Promise<void> {
  for (const { target, state } of await hepar.incidents()) {
    if (state === 'closed') continue
    const patient = target.slice('service/'.length)
    if (!ward.isWell(patient)) ward.cure(patient)
  }
  for (const patient of patients) {
    const sent = courier.sent.filter(({ body }) => body.groupLabels.patient === patient)
    if (sent.some(({ body }) => body.status === 'resolved')) continue
    const { startsAt, labels } = sent[0]!.body.alerts[0]!
    const times = { alertname: labels.alertname, startsAt: Date.parse(startsAt), endsAt: Date.now() }
    await courier.send(deliveryAbout(patient, times))
  }
  await hepar.until('all closed', (incidents) => incidents.every(({ state }) => state === 'closed'), 60_000)
}

/** Every promise, checked on everything that has happened so far. */
async function expectPromisesKept(): Promise<void> {
  await dischargeAll()
  const incidents = await hepar.incidents()
  await waitFor(
    async () => {
      const events = await hepar.events()
      expect(violations({ patients, ward, events, incidents, sent: courier.sent, oncall: oncall.requests })).toEqual([])
      return true
    },
    { what: 'all promises kept', deadlineMs: 15_000, everyMs: 500 },
  )
}

/** Kills Hepar where it is held and starts it again without the hold. */
async function killHeldAt(point: string): Promise<void> {
  await hepar.reached(point)
  await hepar.kill()
  hepar.release(point)
  await hepar.start()
}

const lines = (patient: string) => ward.journal(patient).map(({ what }) => what)

test.each(['commit:before:receive', 'commit:after:receive', 'commit:before:intent'])(
  'killed at %s: the delivery comes again, is decided once, and heals once',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('received', { cures: true })
    await killHeldAt(point)
    const [decision] = await ill.taken
    const answered = { 'commit:before:receive': 'matched', 'commit:after:receive': 'duplicate' }[point] ?? 'matched'
    expect(decision?.decision).toBe(answered)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(lines(ill.patient)).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await ill.count('attempt.intended')).toBe(1)
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:verdict', 'commit:after:verdict'])(
  'killed at %s: the verdict is recorded once and nothing is touched',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('watched', { cures: true }, 'OnlyWatched')
    await killHeldAt(point)
    await waitFor(() => ill.count('incident.would_run'), { what: 'the verdict', deadlineMs: 60_000 })
    expect(await ill.count('incident.would_run')).toBe(1)
    expect(lines(ill.patient)).toEqual(['ill'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:after:intent', 'effect:before'])(
  'killed at %s: the effect never begins, is called unknown, and a human gets it',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('intended', { cures: true })
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(lines(ill.patient)).toEqual(['ill'])
    expect(await effectsOf(ill)).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

async function effectsOf(ill: Case): Promise<readonly unknown[]> {
  const events = await ill.events()
  return events.filter(({ type }) => type === 'attempt.effect_ended').map(({ body }) => body.effect)
}

test('killed during the effect: plugin and children are gone, the effect is unknown, a human gets it', async () => {
  const ill = fallIll('treated', { cures: true, waits: true, forks: true })
  await ill.begun()
  await waitFor(() => lines(ill.patient).filter((what) => what === 'child').length === 2, { what: 'its children' })
  expect(ward.leftOver(ill.patient)).toHaveLength(3)
  await hepar.kill()
  await hepar.start()
  expect(ward.leftOver(ill.patient)).toEqual([])
  ward.letGo(ill.patient)
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  expect(lines(ill.patient)).toEqual(['ill', 'begin', 'child', 'child'])
  expect(await effectsOf(ill)).toEqual(['unknown'])
  await expectPromisesKept()
}, 180_000)

test('a plugin that hears nothing and whose watcher is gone survives Hepar, and is ended before its target is looked at', async () => {
  const ill = fallIll('deaf', { cures: true, blocks: true, forks: true })
  await ill.begun()
  await waitFor(() => lines(ill.patient).filter((what) => what === 'child').length === 2, { what: 'its children' })
  const [{ pid }] = ward.journal(ill.patient).filter(({ what }) => what === 'begin') as unknown as [{ pid: number }]
  // A runner's group holds itself, the watcher's shell, and what the plugin started.
  const watchers = membersOf(pid).filter((member) => commandOf(member) === 'sh')
  expect(watchers).toHaveLength(1)
  for (const watcher of watchers) process.kill(watcher, 'SIGKILL')
  await hepar.kill()
  expect(ward.leftOver(ill.patient)).toHaveLength(3)
  await hepar.start()
  expect(ward.leftOver(ill.patient)).toEqual([])
  expect(await ill.count('runner.survivor_ended')).toBe(3)
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  await expectPromisesKept()
}, 180_000)

test('killed during an effect that may be started again: it begins once more with the same key, and no third time', async () => {
  const ill = fallIll('repeated', { waits: true }, 'Repeatable')
  for (const times of [1, 2]) {
    await waitFor(() => ward.begun(ill.patient).length === times, { what: `start ${times}`, deadlineMs: 60_000 })
    await hepar.kill()
    await hepar.start()
  }
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  expect(lines(ill.patient)).toEqual(['ill', 'begin', 'begin'])
  expect(new Set(ward.begun(ill.patient)).size).toBe(1)
  await expectPromisesKept()
}, 180_000)

test.each(['commit:before:recover', 'commit:after:recover'])(
  'killed during the effect and again at %s: it is called unknown once',
  async (point) => {
    const ill = fallIll('twice', { cures: true, waits: true })
    await ill.begun()
    await hepar.kill()
    hepar.hold(point)
    await hepar.start({ unready: true })
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(await effectsOf(ill)).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['effect:after', 'commit:before:result'])(
  'killed at %s: the effect was done, its end is unknown, and the probe proves it healed',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('done', { cures: true })
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(lines(ill.patient)).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await effectsOf(ill)).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:result', 'effect:after'])(
  'killed at %s after an effect that did not help: unknown, not healed, a human gets it',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('in-vain', {})
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(lines(ill.patient)).toEqual(['ill', 'begin', 'end'])
    expect(await effectsOf(ill)).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test.each([
  ['commit:after:result', 'Ill'],
  ['verify:before', 'Ill'],
  ['commit:before:verify', 'ProvenAtOnce'],
  ['commit:after:verify', 'ProvenAtOnce'],
])(
  'killed at %s (%s): what is known stays known, and the proof closes it once',
  async (point, alertname) => {
    hepar.hold(point)
    const ill = fallIll('proven', { cures: true }, alertname)
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(lines(ill.patient)).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await effectsOf(ill)).toEqual(['done'])
    expect(await ill.count('incident.closed')).toBe(1)
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:advance', 'commit:after:advance'])(
  'killed at %s of a close: it closes once, without an effect',
  async (point) => {
    const ill = fallIll('recovered', { cures: true }, 'Settling')
    await ill.taken
    await waitFor(async () => ((await ill.incident())?.version as number) > 1, {
      what: 'the wait for the settling time',
    })
    hepar.hold(point)
    ward.cure(ill.patient)
    const { startsAt, labels } = courier.sent.at(-1)!.body.alerts[0]!
    const times = { alertname: labels.alertname, startsAt: Date.parse(startsAt), endsAt: Date.now() }
    await courier.send(deliveryAbout(ill.patient, times))
    await killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'self_recovered' })
    expect(await ill.count('incident.closed')).toBe(1)
    expect(lines(ill.patient)).toEqual(['ill', 'well'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:advance', 'commit:after:advance', 'commit:before:outbox', 'commit:after:outbox'])(
  'killed at %s of a hand-over: a human gets it once',
  async (point) => {
    hepar.hold(point)
    const ill = fallIll('incurable', {})
    await killHeldAt(point)
    const { id } = await ill.rest()
    const messages = () => oncall.requests.filter(({ body }) => body.includes(id))
    await waitFor(() => ill.count('notification.sent'), { what: 'the message', deadlineMs: 60_000 })
    // What was sent and not yet recorded as sent goes out again, under the same key.
    expect(messages()).toHaveLength(point === 'commit:before:outbox' ? 2 : 1)
    expect(new Set(messages().map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(await ill.count('incident.handed_over')).toBe(1)
    expect(lines(ill.patient)).toEqual(['ill', 'begin', 'end'])
    await expectPromisesKept()
  },
  180_000,
)

test('settling time, cooldown and window go on with what remains of them', async () => {
  const settling = fallIll('settling', { cures: true }, 'Settling')
  const cooling = fallIll('cooling', {}, 'Cooling')
  const watched = fallIll('long-watched', {}, 'LongWatched')
  await waitFor(() => cooling.count('attempt.concluded'), { what: 'the cooldown', deadlineMs: 60_000 })
  await waitFor(() => watched.count('attempt.effect_ended'), { what: 'the window', deadlineMs: 60_000 })
  const cooledSince = await concludedAt(cooling)
  // Enough must have passed to tell what remains from the whole.
  await waitFor(() => Date.now() > cooledSince + 5_000, { what: 'most of the waiting' })
  await hepar.kill()
  await hepar.start()
  const readyAt = Date.now()
  await waitFor(() => ward.begun(cooling.patient).length === 2, { what: 'the second step', deadlineMs: 60_000 })
  await Promise.all([settling.rest(), watched.rest()])
  const at = (patient: string, what: string, index = 0) =>
    ward.journal(patient).filter((line) => line.what === what)[index]!.at
  const expectWhenDue = (happenedAt: number, dueAt: number) => {
    expect(happenedAt).toBeGreaterThanOrEqual(dueAt)
    expect(happenedAt).toBeLessThan(Math.max(dueAt, readyAt) + 4_000)
  }
  expectWhenDue(at(settling.patient, 'begin'), at(settling.patient, 'ill') + settleMs)
  expectWhenDue(at(cooling.patient, 'begin', 1), cooledSince + cooldownMs)
  expectWhenDue(await concludedAt(watched), at(watched.patient, 'end') + windowMs)
  await expectPromisesKept()
}, 180_000)

async function concludedAt(ill: Case): Promise<number> {
  const event = (await ill.events()).find(({ type }) => type === 'attempt.concluded')
  return Date.parse(String(event?.at))
}

test('after all these crashes the log verifies', async () => {
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
  expect((await hepar.events()).filter(({ type }) => type === 'engine.started').length).toBeGreaterThan(20)
})
