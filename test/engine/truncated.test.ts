import { expect, test } from 'vitest'
import type { Remainder } from '../../src/domain/alert.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import type { Log, Sources } from '../../src/engine/ports.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { completeWaiting } from '../../src/engine/receive/truncated.ts'
import { Crash, patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { simulate } from './simulate.ts'

const { labels } = patientAlert('web')
const ofGroup = (fingerprint: string, group: string) => {
  return patientAlert('web', { fingerprint, labels: { ...labels, group } })
}
const all = [ofGroup('f1', 'a'), ofGroup('f2', 'a'), ofGroup('f3', 'b')]
const cut = someDelivery([ofGroup('f1', 'a')], { truncatedAlerts: 1, groupLabels: { group: 'a' } })
type Listing = Awaited<ReturnType<Sources['list']>>
const listed: Listing = { ok: true, alerts: all }

/** What the sources would list in this simulation, from now on. */
async function simulateListing(listing: Listing) {
  const played = { listing, asked: 0, meanwhile: async () => {} }
  const list = async () => {
    played.asked += 1
    await played.meanwhile()
    return played.listing
  }
  return { played, simulation: await simulate({ sources: { list } }) }
}

async function accept({ ports }: Simulation, delivery = cut) {
  const { rest } = await receive(delivery, 'webhook', ports)
  if (rest === null) throw new Error('nothing was promised')
  return rest
}

async function known({ store }: Simulation) {
  return (await store.read.alerts('main', ['f1', 'f2', 'f3'])).map(({ fingerprint }) => fingerprint)
}

test('what Alertmanager cut from a delivery is fetched and decided, and nothing of other groups', async () => {
  const { simulation } = await simulateListing(listed)
  await accept(simulation)
  await completeWaiting(simulation.ports)
  expect(await known(simulation)).toEqual(['f1', 'f2'])
  const [, event] = await simulation.store.read.audit({ types: ['delivery.received'], limit: 9 })
  expect(event).toMatchObject({ actor: 'reconcile', body: { via: 'reconcile', counts: { matched: 1, duplicate: 1 } } })
  expect(await simulation.store.read.remainders()).toEqual([])
})

test('a delivery that was not cut promises nothing', async () => {
  const { simulation } = await simulateListing(listed)
  expect(await receive(someDelivery([ofGroup('f1', 'a')]), 'webhook', simulation.ports)).toMatchObject({ rest: null })
  expect(await simulation.store.read.remainders()).toEqual([])
})

test('what could not be fetched is tried again until it can, and then no more', async () => {
  const { simulation, played } = await simulateListing({ ok: false, reason: 'refused' })
  await accept(simulation)
  await completeWaiting(simulation.ports)
  await completeWaiting(simulation.ports)
  expect(await known(simulation)).toEqual(['f1'])
  played.listing = listed
  await completeWaiting(simulation.ports)
  expect(await known(simulation)).toEqual(['f1', 'f2'])
  expect(played.asked).toBe(3)
  await completeWaiting(simulation.ports)
  expect(played.asked).toBe(3)
})

test('the promise is written by the commit that accepts the delivery, and a crash does not lose it', async () => {
  const { simulation } = await simulateListing(listed)
  for (const [crash, promises] of [
    ['commit:before:receive', 0],
    ['commit:after:receive', 1],
  ] as const) {
    simulation.crashAt(crash)
    await expect(receive(cut, 'webhook', simulation.ports)).rejects.toThrow(Crash)
    await simulation.restart()
    expect(await known(simulation)).toHaveLength(promises)
    expect(await simulation.store.read.remainders(), crash).toHaveLength(promises)
  }
  await completeWaiting(simulation.ports)
  expect(await known(simulation)).toEqual(['f1', 'f2'])
})

test('the promise is kept until the commit that decides the rest', async () => {
  const { simulation } = await simulateListing(listed)
  await accept(simulation)
  for (const [crash, promises] of [
    ['commit:before:receive', 1],
    ['commit:after:receive', 0],
  ] as const) {
    simulation.crashAt(crash)
    await completeWaiting(simulation.ports)
    expect(simulation.dead).toBe(true)
    await simulation.restart()
    expect(await known(simulation)).toHaveLength(2 - promises)
    expect(await simulation.store.read.remainders(), crash).toHaveLength(promises)
  }
})

test('a delivery that comes while an earlier rest is fetched gets its own, because the list may not know it', async () => {
  const { simulation, played } = await simulateListing(listed)
  await accept(simulation)
  let later: Remainder | null = null
  played.meanwhile = async () => {
    later = await accept(simulation)
  }
  await completeWaiting(simulation.ports)
  expect(later).not.toBeNull()
  expect(await simulation.store.read.remainders()).toEqual([later])
})

test('all groups of a receiver are completed from one list', async () => {
  const { simulation, played } = await simulateListing(listed)
  await accept(simulation)
  await accept(simulation, { ...cut, alerts: [], groupLabels: { group: 'b' } })
  await completeWaiting(simulation.ports)
  expect(await known(simulation)).toEqual(['f1', 'f2', 'f3'])
  expect(played.asked).toBe(1)
})

function engineOf({ ports }: Simulation) {
  const queue = {
    wake() {},
    hurry: () => true,
    start() {},
    depth: async () => ({ count: 0, oldestSeconds: 0 }),
    close: async () => {},
  }
  return createEngine({ ...ports, queue, silencers: () => [], deliver: async () => ({ ok: true }) })
}

test('an engine takes up at its start what an earlier life has promised', async () => {
  const { simulation } = await simulateListing(listed)
  await accept(simulation)
  const engine = engineOf(simulation)
  engine.start()
  await engine.stop()
  expect(await known(simulation)).toEqual(['f1', 'f2'])
})

test('an engine fetches the rest of what it has just accepted', async () => {
  const { simulation } = await simulateListing(listed)
  const engine = engineOf(simulation)
  expect(await engine.receive(cut, 'webhook')).toMatchObject([{ decision: 'matched' }])
  await engine.stop()
  expect(await known(simulation)).toEqual(['f1', 'f2'])
})

test('what waits is bounded: the oldest are given up, and that is said', async () => {
  const { simulation } = await simulateListing(listed)
  const warnings: [object, string][] = []
  const log: Log = { ...simulation.ports.log, warn: (fields, message) => warnings.push([fields, message]) }
  const ports = { ...simulation.ports, log }
  await Promise.all(
    Array.from({ length: 1_002 }, (_, index) =>
      receive({ ...cut, alerts: [], groupLabels: { group: String(index) } }, 'webhook', ports),
    ),
  )
  const waiting = await simulation.store.read.remainders()
  expect(waiting).toHaveLength(1_000)
  expect(waiting[0]?.groupLabels).toEqual({ group: '2' })
  const given = [{ count: 1 }, 'too many truncated deliveries wait, the oldest are given up']
  expect(warnings).toEqual([given, given])
})

test('the rest of a source that is no longer configured is given up, because nobody can be asked', async () => {
  const { simulation, played } = await simulateListing(listed)
  await accept(simulation, { ...cut, source: 'gone' })
  await accept(simulation)
  await completeWaiting(simulation.ports)
  expect(await simulation.store.read.remainders()).toEqual([])
  expect(played.asked).toBe(1)
})
