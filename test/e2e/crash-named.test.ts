import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hospital, openHospital } from '../crash/hospital.ts'
import { waitFor } from '../kit/wait.ts'

let hospital: Hospital

beforeAll(async () => {
  hospital = await openHospital({
    holdable: true,
    playbooks: () => ({
      Ill: {},
      ProvenAtOnce: { for: '0s' },
      OnlyWatched: { mode: 'observe' },
      Settling: { settle: '1h' },
    }),
  })
}, 120_000)

afterAll(() => hospital[Symbol.asyncDispose]())

async function expectPromisesKept(): Promise<void> {
  expect(await hospital.brokenPromises()).toEqual([])
}

test.each([
  ['commit:before:receive', 'matched'],
  ['commit:after:receive', 'duplicate'],
  ['commit:before:intent', 'matched'],
])(
  'killed at %s: the delivery comes again, is decided once, and heals once',
  async (point, answered) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('received', { cures: true })
    await hospital.killHeldAt(point)
    expect(await ill.taken).toMatchObject([{ decision: answered }])
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(ill.lines()).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await ill.count('attempt.intended')).toBe(1)
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:verdict', 'commit:after:verdict'])(
  'killed at %s: the verdict is recorded once and nothing is touched',
  async (point) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('watched', { cures: true }, 'OnlyWatched')
    await hospital.killHeldAt(point)
    await waitFor(() => ill.count('incident.would_run'), { what: 'the verdict', deadlineMs: 60_000 })
    expect(await ill.count('incident.would_run')).toBe(1)
    expect(ill.lines()).toEqual(['ill'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:after:intent', 'effect:before'])(
  'killed at %s: the effect never begins, is called unknown, and a human gets it',
  async (point) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('intended', { cures: true })
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(ill.lines()).toEqual(['ill'])
    expect(await ill.effects()).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['effect:after', 'commit:before:result'])(
  'killed at %s: the effect was done, its end is unknown, and the probe proves it healed',
  async (point) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('done', { cures: true })
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(ill.lines()).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await ill.effects()).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test.each(['effect:after', 'commit:before:result'])(
  'killed at %s of an effect that did not help: unknown, not healed, a human gets it',
  async (point) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('in-vain', {})
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(ill.lines()).toEqual(['ill', 'begin', 'end'])
    expect(await ill.effects()).toEqual(['unknown'])
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
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('proven', { cures: true }, alertname)
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'healed' })
    expect(ill.lines()).toEqual(['ill', 'begin', 'well', 'end'])
    expect(await ill.effects()).toEqual(['done'])
    expect(await ill.count('incident.closed')).toBe(1)
    await expectPromisesKept()
  },
  180_000,
)

test.each(['commit:before:advance', 'commit:after:advance'])(
  'killed at %s of a close: it closes once, without an effect',
  async (point) => {
    const { ward, hepar } = hospital
    const ill = hospital.fallIll('recovered', { cures: true }, 'Settling')
    await ill.taken
    await waitFor(async () => (await ill.incident()) !== undefined, { what: 'the incident, which has to settle' })
    hepar.hold(point)
    ward.cure(ill.patient)
    await ill.resolve()
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'closed', ending: 'self_recovered' })
    expect(await ill.count('incident.closed')).toBe(1)
    expect(ill.lines()).toEqual(['ill', 'well'])
    await expectPromisesKept()
  },
  180_000,
)

test.each([
  ['commit:before:advance', [1]],
  // While it is held there, the outbox may look by itself, send, and not be able to record it.
  ['commit:after:advance', [1, 2]],
  // What was sent and not yet recorded as sent goes out again, under the same key.
  ['commit:before:outbox', [2]],
  ['commit:after:outbox', [1]],
])(
  'killed at %s of a hand-over: a human gets it once',
  async (point, messagesSent) => {
    hospital.hepar.hold(point)
    const ill = hospital.fallIll('incurable', {})
    await hospital.killHeldAt(point)
    const { id } = await ill.rest()
    await waitFor(() => ill.count('notification.sent'), { what: 'the message', deadlineMs: 60_000 })
    const messages = hospital.oncall.requests.filter(
      ({ body }) => body.includes(id) && body.includes('"incident.handed_over"'),
    )
    expect(messagesSent).toContain(messages.length)
    expect(new Set(messages.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(await ill.count('incident.handed_over')).toBe(1)
    expect(ill.lines()).toEqual(['ill', 'begin', 'end'])
    await expectPromisesKept()
  },
  180_000,
)

test('after all these crashes the log verifies', async () => {
  const { hepar } = hospital
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
  expect((await hepar.events()).filter(({ type }) => type === 'engine.started').length).toBeGreaterThan(20)
}, 60_000)
