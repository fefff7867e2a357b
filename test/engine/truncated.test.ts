import { expect, test } from 'vitest'
import type { Sources } from '../../src/engine/ports.ts'
import { createTruncated } from '../../src/engine/truncated.ts'
import { patientAlert, someDelivery } from '../kit/simulation.ts'
import { simulate } from './simulate.ts'

const { labels } = patientAlert('web')
const ofGroup = (fingerprint: string, group: string) => {
  return patientAlert('web', { fingerprint, labels: { ...labels, group } })
}
const all = [ofGroup('f1', 'a'), ofGroup('f2', 'a'), ofGroup('f3', 'b')]
const delivery = someDelivery([ofGroup('f1', 'a')], { truncatedAlerts: 1, groupLabels: { group: 'a' } })
type Listing = Awaited<ReturnType<Sources['list']>>

test('what Alertmanager cut from a delivery is fetched and decided, and nothing of other groups', async () => {
  const simulation = await simulate({ sources: { list: async () => ({ ok: true, alerts: all, complete: true }) } })
  await createTruncated(simulation.ports).complete(delivery)
  const known = await simulation.store.read.alerts('main', ['f1', 'f2', 'f3'])
  expect(known.map(({ fingerprint }) => fingerprint)).toEqual(['f2'])
  const [event] = await simulation.store.read.audit({ types: ['delivery.received'], limit: 9 })
  expect(event).toMatchObject({ actor: 'reconcile', body: { via: 'reconcile' } })
})

test('what could not be fetched is tried again until it can', async () => {
  let listing: Listing = { ok: false, reason: 'refused' }
  const simulation = await simulate({ sources: { list: async () => listing } })
  const truncated = createTruncated(simulation.ports)
  await truncated.complete(delivery)
  expect(await simulation.store.read.alerts('main', ['f2'])).toEqual([])
  listing = { ok: true, alerts: all, complete: true }
  await truncated.retry()
  expect(await simulation.store.read.alerts('main', ['f2'])).toHaveLength(1)
})
