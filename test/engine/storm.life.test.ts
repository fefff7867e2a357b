import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../../src/domain/config.ts'
import { advance } from '../../src/engine/advance.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { releaseStorm } from '../../src/engine/storm/release-storm.ts'
import { watchStorm } from '../../src/engine/storm/watch-storm.ts'
import { untilAtRest } from '../kit/ordeal.ts'
import { type Patient, somePatient } from '../kit/played-world.ts'
import { patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { simulate } from './simulate.ts'

/** The storm latch as it is by default, and no rate. */
const limits = { ...defaultLimits, rate: [] }
const announce = { announce: ['pager'], limits }
const eventsMax = 100_000

function somePatients(count: number, curable = true): readonly Patient[] {
  return Array.from({ length: count }, (_, index) => somePatient(`p${index}`, curable))
}

function strike({ ports, now }: Simulation, patients: readonly Patient[]) {
  const alerts = patients.map(({ name }) => patientAlert(name, { startsAt: now() }))
  return receive(someDelivery(alerts), 'webhook', ports)
}

function effectsOn(patients: readonly Patient[]): number {
  return patients.reduce((sum, { restarts }) => sum + restarts.length, 0)
}

function told(simulation: Simulation): readonly unknown[] {
  return simulation.messages().map(({ body }) => body.event)
}

async function moves({ store }: Simulation): Promise<readonly string[]> {
  const events = await store.read.audit({ types: ['storm.latched', 'storm.ramped', 'storm.released'], limit: 100 })
  return events.map(({ type, body }) => `${type} ${body?.width ?? body?.cause ?? ''}`.trim())
}

async function phase({ store }: Simulation) {
  return (await store.read.stormRecord()).storm?.phase ?? 'calm'
}

/** As a queue does it: many at a time, so that they share their commits. */
async function settleTogether({ store, ports, now }: Simulation): Promise<void> {
  for (;;) {
    const due = await store.read.due(now(), 250)
    if (due.length === 0) return
    await Promise.all(due.map((id) => advance(id, ports)))
  }
}

/** Time passes, and the process looks as it would by its timers. */
async function live(simulation: Simulation, ms: number, stepMs = 5_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    simulation.pass(stepMs)
    await watchStorm(simulation.ports)
    await simulation.settle()
  }
}

test('10,000 alerts on 10,000 targets at once: no effect, one message, every incident explained', async () => {
  const patients = somePatients(10_000)
  const simulation = await simulate({ patients, config: announce })
  await strike(simulation, patients)
  expect(await phase(simulation)).toBe('latched')
  await settleTogether(simulation)
  expect(effectsOn(patients)).toBe(0)
  expect(told(simulation)).toEqual(['storm.latched'])
  const incidents = await simulation.store.read.incidents({ limit: eventsMax })
  expect(incidents).toHaveLength(10_000)
  expect(new Set(incidents.map(({ state, waiting }) => `${state} ${waiting?.gate}`))).toEqual(
    new Set(['waiting storm_latch']),
  )
  const explained = await simulation.store.read.audit({ types: ['incident.waiting'], limit: eventsMax })
  expect(new Set(explained.map(({ incident }) => incident)).size).toBe(10_000)
  // Nobody can heal ten thousand in a quarter of an hour, and nobody gets ten thousand messages for it.
  simulation.pass(960_000)
  await settleTogether(simulation)
  expect(effectsOn(patients)).toBeLessThanOrEqual(1)
  expect(told(simulation)).toEqual(['storm.latched'])
}, 120_000)

test('10,000 alerts on one target are one incident and one effect, and no storm', async () => {
  const web = somePatient('web')
  const simulation = await simulate({ patients: [web], config: announce })
  const alerts = Array.from({ length: 10_000 }, (_, index) =>
    patientAlert('web', { fingerprint: `f${index}`, startsAt: simulation.now() }),
  )
  await receive(someDelivery(alerts), 'webhook', simulation.ports)
  await simulation.settle()
  expect(web.restarts).toHaveLength(1)
  expect(await phase(simulation)).toBe('calm')
  expect(await simulation.store.read.incidents({ limit: 10 })).toHaveLength(1)
  expect(told(simulation)).toEqual([])
}, 60_000)

describe('a storm of 30', () => {
  test('lets one, two and four effects through after its cool-down, then all, and tells of its end', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    await live(simulation, 655_000)
    expect(effectsOn(patients)).toBe(0)
    const seen: number[] = []
    for (let left = 40; left > 0 && (await phase(simulation)) !== 'calm'; left -= 1) {
      await live(simulation, 5_000)
      seen.push(effectsOn(patients))
    }
    expect(await moves(simulation)).toEqual([
      'storm.latched incidents',
      'storm.ramped 1',
      'storm.ramped 2',
      'storm.ramped 4',
      'storm.released',
    ])
    // While it ramps, no more than the widths together have begun.
    expect(seen.at(-2)).toBe(7)
    expect(told(simulation)).toEqual(['storm.latched', 'storm.released'])
    await untilAtRest(simulation)
    expect(effectsOn(patients)).toBeGreaterThan(20)
  }, 60_000)

  test('latches again when the first effects do not help, and what ran hands over as ever', async () => {
    const patients = somePatients(30, false)
    const simulation = await simulate({ patients, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    await live(simulation, 860_000)
    expect(await moves(simulation)).toEqual(['storm.latched incidents', 'storm.ramped 1', 'storm.latched errors'])
    expect(effectsOn(patients)).toBe(1)
    expect(told(simulation)).toEqual(['storm.latched', 'incident.handed_over'])
  }, 60_000)

  test('drops what has become well meanwhile, and ends without an effect', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    for (const patient of patients) patient.ill = false
    await live(simulation, 860_000)
    expect(await phase(simulation)).toBe('calm')
    expect(effectsOn(patients)).toBe(0)
  }, 60_000)

  test('leaves effects that run alone', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, config: announce })
    await strike(simulation, patients.slice(0, 3))
    await simulation.settle()
    expect(effectsOn(patients)).toBe(3)
    await strike(simulation, patients.slice(3))
    await live(simulation, 15_000)
    expect(effectsOn(patients)).toBe(3)
    const healed = await simulation.store.read.incidents({ states: ['closed'], limit: 10 })
    expect(healed.map(({ ending }) => ending)).toEqual(['healed', 'healed', 'healed'])
  }, 60_000)

  test('is released by an operator, and not latched again by the incidents so far', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, config: announce })
    await expect(releaseStorm('operator:ada', 'no storm', simulation.ports)).rejects.toThrow('there is no storm')
    await strike(simulation, patients)
    await simulation.settle()
    await releaseStorm('operator:ada', 'a drill', simulation.ports)
    await live(simulation, 60_000)
    expect(await phase(simulation)).toBe('calm')
    expect(effectsOn(patients)).toBe(30)
    const [event] = await simulation.store.read.audit({ types: ['storm.released'], limit: 10 })
    expect(event).toMatchObject({ actor: 'operator:ada', body: { reason: 'a drill' } })
  }, 60_000)

  test('of hundreds lets all of them look again when a person ends it', async () => {
    const patients = somePatients(250)
    const simulation = await simulate({ patients, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    const due = async () => (await simulation.store.read.due(simulation.now(), 500)).length
    expect(await due()).toBe(0)
    await releaseStorm('operator:ada', 'a drill', simulation.ports)
    await simulation.wake()
    expect(await due()).toBe(250)
  })

  test('that ended before another began still speaks for those of its own who wait', async () => {
    const silenced = {
      kind: 'answered',
      firing: true,
      silencedBy: ['s1'],
      healingSilences: [],
      inhibitedBy: [],
    } as const
    const ask = async () => ({ ...silenced, rule: null, detail: 'played' })
    const patients = somePatients(60)
    const simulation = await simulate({ patients, config: announce, sources: { ask } })
    for (const struck of [patients.slice(0, 30), patients.slice(30)]) {
      await strike(simulation, struck)
      await releaseStorm('operator:ada', 'a drill', simulation.ports)
      await live(simulation, 120_000)
    }
    await live(simulation, 900_000, 60_000)
    const states = (await simulation.store.read.incidents({ limit: 100 })).map(({ state }) => state)
    expect(states).toEqual(patients.map(() => 'handed_over'))
    expect(told(simulation)).toEqual(['storm.latched', 'storm.released', 'storm.latched', 'storm.released'])
  }, 60_000)

  test('of a playbook that only observes is none, and holds no other back', async () => {
    const patients = somePatients(31)
    const simulation = await simulate({ patients, playbook: { mode: 'observe' }, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    expect(await phase(simulation)).toBe('calm')
    const resting = await simulation.store.read.audit({ types: ['incident.would_run'], limit: 100 })
    expect(resting).toHaveLength(31)
  })

  test('of alerts that only call people calls them once, also where nothing but that is allowed', async () => {
    const patients = somePatients(31)
    const steps = [{ kind: 'escalate', channel: 'oncall' }] as const
    const simulation = await simulate({ patients, playbook: { mode: 'observe', steps }, config: announce })
    await strike(simulation, patients)
    await simulation.settle()
    expect(told(simulation)).toEqual(['storm.latched'])
  })

  test('of incidents that settle latches at once, though nobody assesses them yet', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, playbook: { settleMs: 300_000 }, config: announce })
    await strike(simulation, patients)
    expect(told(simulation)).toEqual(['storm.latched'])
    simulation.pass(300_000)
    await simulation.settle()
    expect(effectsOn(patients)).toBe(0)
  })

  test('is still latched after a crash at any commit, and tells of itself once', async () => {
    for (const at of [
      'commit:before:receive',
      'commit:after:receive',
      'commit:before:verdict',
      'commit:after:verdict',
    ]) {
      const patients = somePatients(30)
      const simulation = await simulate({ patients, config: announce })
      simulation.crashAt(at)
      await strike(simulation, patients).catch(() => {})
      await simulation.settle()
      expect(simulation.dead).toBe(true)
      await simulation.restart()
      await strike(simulation, patients)
      await simulation.settle()
      expect(await phase(simulation)).toBe('latched')
      expect(effectsOn(patients)).toBe(0)
      expect(told(simulation)).toEqual(['storm.latched'])
    }
  }, 60_000)

  test('tells the channels of the playbooks where nobody is named for the whole', async () => {
    const patients = somePatients(30)
    const simulation = await simulate({ patients, config: { limits } })
    await strike(simulation, patients)
    const [message] = simulation.messages()
    expect(message).toMatchObject({
      channel: 'oncall',
      incident: null,
      dedupeKey: 'storm.latched:1@oncall',
      body: { event: 'storm.latched', incidents: 30, playbooks: [{ playbook: 'restart', incidents: 30 }] },
    })
  })
})
