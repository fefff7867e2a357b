import { expect, test } from 'vitest'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { Store } from '../../src/engine/ports.ts'
import { createAccept } from '../../src/engine/receive/accept.ts'
import { receive } from '../../src/engine/receive/receive.ts'
import { patientAlert, type Simulation, someDelivery } from '../kit/simulation.ts'
import { simulate, theIncident } from './simulate.ts'

/** The types of the events of each commit from now on. */
function watchCommits({ store }: Simulation): AuditEvent['type'][][] {
  const commits: AuditEvent['type'][][] = []
  store.onCommit((events) => commits.push(events.map(({ type }) => type)))
  return commits
}

const opening = ['delivery.received', 'incident.opened']

test('deliveries that wait at the same moment are decided in one transaction, each with its own event', async () => {
  const simulation = await simulate()
  const labels: string[] = []
  const transaction: Store['transaction'] = (label, work) => {
    labels.push(label)
    return simulation.store.transaction(label, work)
  }
  const accept = createAccept({ ...simulation.ports, store: { ...simulation.store, transaction } })
  const commits = watchCommits(simulation)
  const deliver = (name: string) =>
    receive(someDelivery([patientAlert(name)]), 'webhook', { ...simulation.ports, accept })
  const received = await Promise.all(['web', 'db', 'cache'].map(deliver))
  expect(received.map(({ decisions }) => decisions.map(({ fingerprint }) => fingerprint))).toEqual([
    ['f-web'],
    ['f-db'],
    ['f-cache'],
  ])
  expect(labels).toEqual(['receive'])
  expect(commits).toEqual([[...opening, ...opening, ...opening]])
})

test('of two deliveries at once the later sees what the earlier changed', async () => {
  const simulation = await simulate()
  const { ports } = simulation
  const over = patientAlert('web', { status: 'resolved', endsAt: 2_000 })
  const [first, second, third] = await Promise.all([
    receive(someDelivery([patientAlert('web')]), 'webhook', ports),
    receive(someDelivery([patientAlert('web'), over]), 'webhook', ports),
    receive(someDelivery([over]), 'webhook', ports),
  ])
  expect(first?.decisions).toMatchObject([{ decision: 'matched' }])
  expect(second?.decisions).toMatchObject([{ decision: 'duplicate' }, { decision: 'resolved' }])
  expect(third?.decisions).toMatchObject([{ decision: 'duplicate' }])
  expect(await simulation.store.read.alerts('main', ['f-web'])).toMatchObject([
    { status: 'resolved', resolvedAt: 2_000 },
  ])
  expect(await simulation.store.read.alertsOf((await theIncident(simulation)).id)).toHaveLength(1)
})

test('one fingerprint of two sources is two alerts, also at once', async () => {
  const simulation = await simulate()
  const { ports, store } = simulation
  const other = patientAlert('db', { fingerprint: 'f-web' })
  await Promise.all([
    receive(someDelivery([patientAlert('web')]), 'webhook', ports),
    receive(someDelivery([other], { source: 'second' }), 'webhook', ports),
  ])
  expect(await store.read.alerts('main', ['f-web'])).toMatchObject([{ labels: { name: 'web' } }])
  expect(await store.read.alerts('second', ['f-web'])).toMatchObject([{ labels: { name: 'db' } }])
})

test('a delivery that cannot be stored fails alone', async () => {
  const simulation = await simulate()
  const { ports, store } = simulation
  const broken = patientAlert('db', { startsAt: Number.NaN })
  const results = await Promise.allSettled([
    receive(someDelivery([patientAlert('web')]), 'webhook', ports),
    receive(someDelivery([broken]), 'webhook', ports),
    receive(someDelivery([patientAlert('cache')]), 'webhook', ports),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const known = await store.read.alerts('main', ['f-web', 'f-db', 'f-cache'])
  expect(known.map(({ fingerprint }) => fingerprint).sort()).toEqual(['f-cache', 'f-web'])
})

test('many small deliveries at once commit in transactions of bounded size', async () => {
  const simulation = await simulate()
  const sizes: number[] = []
  const transaction: Store['transaction'] = (label, work) =>
    simulation.store.transaction(label, (tx) => {
      const append: typeof tx.append = (events) => {
        sizes.push(events.filter(({ type }) => type === 'delivery.received').length)
        return tx.append(events)
      }
      return work({ ...tx, append })
    })
  const accept = createAccept({ ...simulation.ports, store: { ...simulation.store, transaction } })
  const numbers = Array.from({ length: 60 }, (_, index) => index)
  await Promise.all(
    numbers.map((number) => {
      const alerts = numbers.slice(0, 10).map((part) => patientAlert('web', { fingerprint: `${number}-${part}` }))
      return receive(someDelivery(alerts), 'webhook', { ...simulation.ports, accept })
    }),
  )
  expect(sizes).toEqual([25, 25, 10])
})
