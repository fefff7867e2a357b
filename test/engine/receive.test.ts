import { describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { decidedIn } from '../kit/decided.ts'
import { patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { simulate, theIncident, typesOf } from './simulate.ts'

const many = Array.from({ length: 1_200 }, (_, index) => patientAlert('web', { fingerprint: `f${index}` }))

async function eventsOf({ store }: Simulation, type: AuditEvent['type']) {
  return store.read.audit({ types: [type], limit: 5_000 })
}

describe('a delivery', () => {
  test('that names an alert twice decides it once, and calls the rest duplicates', async () => {
    const simulation = await simulate()
    const delivery = someDelivery([patientAlert('web'), patientAlert('web')])
    const { decisions } = await receive(delivery, 'webhook:am', simulation.ports)
    expect(decisions.map(({ decision }) => decision)).toEqual(['matched', 'duplicate'])
    expect(decidedIn(await eventsOf(simulation, 'delivery.received'))).toHaveLength(1)
    expect(await theIncident(simulation)).toMatchObject({ state: 'open' })
  })

  test('that tells of a firing and of its end leaves the alert resolved', async () => {
    const simulation = await simulate()
    const resolved = patientAlert('web', { status: 'resolved', endsAt: 2_000 })
    await receive(someDelivery([patientAlert('web'), resolved]), 'webhook:am', simulation.ports)
    const [record] = await simulation.store.read.alerts('main', ['f-web'])
    expect(record).toMatchObject({ status: 'resolved', resolvedAt: 2_000 })
  })

  test('is one event with its digest, what it decided and what it repeats', async () => {
    const simulation = await simulate()
    await receive(someDelivery([patientAlert('web')], { digest: 'd1' }), 'webhook:am', simulation.ports)
    const again = someDelivery([patientAlert('web'), patientAlert('db')], { digest: 'd2' })
    await receive(again, 'webhook:am', simulation.ports)
    const [first, second] = await eventsOf(simulation, 'delivery.received')
    expect(first).toMatchObject({ actor: 'webhook:am', body: { digest: 'd1', counts: { matched: 1 }, repeats: [] } })
    const counts = { matched: 1, duplicate: 1 }
    expect(second?.body).toMatchObject({ digest: 'd2', counts, repeats: ['f-web'], from: 0, of: 2 })
    expect(second?.body?.decided).toEqual([
      { fingerprints: ['f-db'], alertname: 'Ill', decision: 'matched', playbooks: ['restart'] },
    ])
  })

  test('with an element that cannot be read rejects that element alone, with its reason', async () => {
    const simulation = await simulate()
    const problem = { index: 1, fingerprint: null, reason: '"labels" must be a map of texts' }
    const { alerts } = someDelivery([patientAlert('web')])
    const mixed = someDelivery([], { alerts: [...alerts, { ok: false, problem }] })
    const { decisions } = await receive(mixed, 'webhook:am', simulation.ports)
    expect(decisions.map(({ decision }) => decision)).toEqual(['matched', 'rejected'])
    const decided = decidedIn(await eventsOf(simulation, 'delivery.received'))
    expect(decided[1]).toEqual({ fingerprint: null, decision: 'rejected', reason: problem.reason })
  })

  test('that is very large commits in parts, each with its decisions', async () => {
    const simulation = await simulate()
    const commits: string[][] = []
    simulation.store.onCommit((events) => commits.push(events.map(({ type }) => type)))
    const { decisions } = await receive(someDelivery(many), 'webhook:am', simulation.ports)
    expect(decisions).toHaveLength(many.length)
    expect(commits).toHaveLength(5)
    expect(commits.map((types) => types.filter((type) => type === 'delivery.received').length)).toEqual([1, 1, 1, 1, 1])
    const parts = await eventsOf(simulation, 'delivery.received')
    expect(parts.map(({ body }) => [body?.from, body?.of])).toEqual([
      [0, 1_200],
      [250, 1_200],
      [500, 1_200],
      [750, 1_200],
      [1_000, 1_200],
    ])
    expect(decidedIn(parts)).toHaveLength(1_200)
  })

  test('that cannot be committed is not answered', async () => {
    const simulation = await simulate()
    simulation.crashAt('commit:before:receive')
    await expect(receive(someDelivery([patientAlert('web')]), 'webhook:am', simulation.ports)).rejects.toThrow()
  })

  test('that was cut short by a crash is completed by its replay, and no alert is decided twice', async () => {
    const simulation = await simulate()
    // Before and after the first part, then before the second.
    simulation.crashAfter(2)
    await expect(receive(someDelivery(many), 'webhook:am', simulation.ports)).rejects.toThrow()
    await simulation.restart()
    expect(await eventsOf(simulation, 'delivery.received')).toMatchObject([{ body: { from: 0 } }])
    const { decisions } = await receive(someDelivery(many), 'webhook:am', simulation.ports)
    expect(decisions.filter(({ decision }) => decision === 'duplicate')).toHaveLength(250)
    const events = await eventsOf(simulation, 'delivery.received')
    expect(events).toHaveLength(6)
    const decided = decidedIn(events).map(({ fingerprint }) => fingerprint)
    expect(new Set(decided).size).toBe(decided.length)
    expect(decided).toHaveLength(many.length)
    expect(await theIncident(simulation)).toMatchObject({ state: 'open' })
  })
})

describe('what follows from a decision', () => {
  test('is nothing more when a resolution is repeated', async () => {
    const simulation = await simulate()
    await receive(someDelivery([patientAlert('web')]), 'webhook:am', simulation.ports)
    const over = someDelivery([patientAlert('web', { status: 'resolved', endsAt: 2_000 })])
    await receive(over, 'webhook:am', simulation.ports)
    const { version } = await theIncident(simulation)
    const { decisions } = await receive(over, 'webhook:am', simulation.ports)
    expect(decisions.map(({ decision }) => decision)).toEqual(['duplicate'])
    expect(await theIncident(simulation)).toMatchObject({ version })
  })

  test('is nothing for a duplicate: no event, no second incident', async () => {
    const simulation = await simulate()
    await simulation.deliver('web', 'firing')
    const before = await theIncident(simulation)
    expect(await simulation.deliver('web', 'firing')).toBe('duplicate')
    expect(await theIncident(simulation)).toEqual(before)
    expect((await typesOf(simulation)).filter((type) => type === 'incident.attached')).toEqual([])
  })

  test('is that alerts of one target join one incident', async () => {
    const simulation = await simulate()
    const other = patientAlert('web', { fingerprint: 'other' })
    await receive(someDelivery([patientAlert('web'), other]), 'webhook:am', simulation.ports)
    const { id } = await theIncident(simulation)
    expect(await simulation.store.read.alertsOf(id)).toHaveLength(2)
  })

  test('is that a resolution makes the quiet incidents of its alert due at once', async () => {
    const simulation = await simulate({ playbook: { settleMs: 60_000 } })
    await simulation.deliver('web', 'firing')
    await simulation.settle()
    simulation.pass(1_000)
    expect((await theIncident(simulation)).dueAt).toBeGreaterThan(simulation.now())
    await simulation.deliver('web', 'resolved')
    expect((await theIncident(simulation)).dueAt).toBe(simulation.now())
  })
})
