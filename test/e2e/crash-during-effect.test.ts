import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hospital, openHospital } from '../crash/hospital.ts'
import { commandOf, membersOf } from '../kit/process-table.ts'
import { waitFor } from '../kit/wait.ts'

const settleMs = 10_000
const cooldownMs = 8_000
const windowMs = 12_000

let hospital: Hospital

beforeAll(async () => {
  hospital = await openHospital({
    holdable: true,
    playbooks: ({ folder }) => {
      const treat = { action: 'treat', with: { ward: folder } }
      return {
        Ill: {},
        Repeatable: { steps: [{ ...treat, action: 'treat-again' }, { escalate: 'oncall' }] },
        Settling: { settle: `${settleMs}ms` },
        Cooling: { steps: [treat, treat], limits: { cooldown: `${cooldownMs}ms`, attempts: ['9/1h'], maxWait: '5m' } },
        LongWatched: { within: `${windowMs}ms` },
      }
    },
  })
}, 120_000)

afterAll(() => hospital[Symbol.asyncDispose]())

async function expectPromisesKept(): Promise<void> {
  expect(await hospital.brokenPromises()).toEqual([])
}

test('killed during the effect: plugin and children are gone, the effect is unknown, a human gets it', async () => {
  const { ward, hepar } = hospital
  const ill = hospital.fallIll('treated', { cures: true, waits: true, forks: true })
  await ill.until('child', 2)
  expect(ward.leftOver(ill.patient)).toHaveLength(3)
  await hepar.kill()
  await hepar.start()
  expect(ward.leftOver(ill.patient)).toEqual([])
  ward.letGo(ill.patient)
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  expect(ill.lines()).toEqual(['ill', 'begin', 'child', 'child'])
  expect(await ill.effects()).toEqual(['unknown'])
  await expectPromisesKept()
}, 180_000)

test('killed during the effect and never started again: plugin and children end by themselves', async () => {
  const { ward, hepar } = hospital
  const ill = hospital.fallIll('orphaned', { cures: true, blocks: true, forks: true })
  await ill.until('child', 2)
  await hepar.kill()
  await waitFor(() => ward.leftOver(ill.patient).length === 0, { what: 'the end of all three processes' })
  await hepar.start()
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  await expectPromisesKept()
}, 180_000)

test('a plugin that hears nothing and whose watcher is gone survives Hepar, and is ended before its target is looked at', async () => {
  const { ward, hepar } = hospital
  const ill = hospital.fallIll('deaf', { cures: true, blocks: true, forks: true })
  await ill.until('child', 2)
  const { pid } = ward.journal(ill.patient).find(({ what }) => what === 'begin')!
  // A runner's group holds itself, the watcher's shell, and what the plugin started.
  const watchers = membersOf(pid!).filter((member) => commandOf(member) === 'sh')
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

test('killed during the effect, and the alert resolved meanwhile: a human hears of it all the same', async () => {
  const { hepar } = hospital
  const ill = hospital.fallIll('resolved', { waits: true })
  await ill.until('begin')
  await hepar.kill()
  hepar.hold('verify:before')
  await hepar.start()
  await ill.resolve()
  hepar.release('verify:before')
  await waitFor(() => ill.count('incident.closed'), { what: 'the end of the incident', deadlineMs: 60_000 })
  expect(await ill.incident()).toMatchObject({ ending: 'escalated' })
  expect(await ill.count('incident.handed_over')).toBe(1)
  expect(await ill.effects()).toEqual(['unknown'])
  await expectPromisesKept()
}, 180_000)

test.each(['commit:before:recover', 'commit:after:recover'])(
  'killed during the effect and again at %s: it is called unknown once',
  async (point) => {
    const { hepar } = hospital
    const ill = hospital.fallIll('twice', { cures: true, waits: true })
    await ill.until('begin')
    await hepar.kill()
    hepar.hold(point)
    await hepar.start({ unready: true })
    await hospital.killHeldAt(point)
    expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
    expect(await ill.effects()).toEqual(['unknown'])
    await expectPromisesKept()
  },
  180_000,
)

test('killed during an effect that may be started again: it begins once more with the same key, and no third time', async () => {
  const { ward, hepar } = hospital
  const ill = hospital.fallIll('repeated', { waits: true }, 'Repeatable')
  for (const times of [1, 2]) {
    await ill.until('begin', times)
    await hepar.kill()
    await hepar.start()
  }
  expect(await ill.rest()).toMatchObject({ state: 'handed_over' })
  expect(ill.lines()).toEqual(['ill', 'begin', 'begin'])
  expect(new Set(ward.begun(ill.patient)).size).toBe(1)
  await expectPromisesKept()
}, 180_000)

test('settling time, cooldown and window go on with what remains of them', async () => {
  const { ward, hepar } = hospital
  const settling = hospital.fallIll('settling', { cures: true }, 'Settling')
  const cooling = hospital.fallIll('cooling', {}, 'Cooling')
  const watched = hospital.fallIll('watched', {}, 'LongWatched')
  await waitFor(() => cooling.count('attempt.concluded'), { what: 'the cooldown', deadlineMs: 60_000 })
  await waitFor(() => watched.count('attempt.effect_ended'), { what: 'the window', deadlineMs: 60_000 })
  const cooledSince = await cooling.when('attempt.concluded')
  // Enough must have passed to tell what remains from the whole.
  await waitFor(() => Date.now() > cooledSince + 5_000, { what: 'most of the waiting' })
  await hepar.kill()
  await hepar.start()
  const readyAt = Date.now()
  await cooling.until('begin', 2)
  await Promise.all([settling.rest(), watched.rest()])
  const at = (patient: string, what: string, index = 0) =>
    ward.journal(patient).filter((line) => line.what === what)[index]!.at
  const expectWhenDue = (happenedAt: number, dueAt: number) => {
    expect(happenedAt).toBeGreaterThanOrEqual(dueAt)
    expect(happenedAt).toBeLessThan(Math.max(dueAt, readyAt) + 4_000)
  }
  expectWhenDue(at(settling.patient, 'begin'), at(settling.patient, 'ill') + settleMs)
  expectWhenDue(at(cooling.patient, 'begin', 1), cooledSince + cooldownMs)
  expectWhenDue(await watched.when('attempt.concluded'), at(watched.patient, 'end') + windowMs)
  await expectPromisesKept()
}, 180_000)

test('after all these crashes the log verifies', async () => {
  const { hepar } = hospital
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
}, 60_000)
