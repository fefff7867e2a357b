import { expect, test } from 'vitest'
import type { Alert } from '../../src/domain/alert.ts'
import type { Sources } from '../../src/engine/ports.ts'
import { sweep } from '../../src/engine/sweep.ts'
import { createTruncated } from '../../src/engine/truncated.ts'
import { patientAlert, someDelivery } from '../kit/simulation.ts'
import { simulate, theIncident } from './simulate.ts'

const listing =
  (...alerts: Alert[]): Sources['list'] =>
  async () => ({ ok: true, alerts, complete: true })

test('a firing alert that no Alertmanager lists any more is asked about, and ends by the answer', async () => {
  const simulation = await simulate({ sources: { list: listing() } })
  await simulation.deliver('web', 'firing')
  const patient = simulation.patients.get('web')
  if (patient) patient.ill = false
  simulation.pass(1_000)
  await sweep(simulation.ports)
  expect((await simulation.store.read.alerts('main', ['f-web']))[0]).toMatchObject({ status: 'resolved' })
  expect((await theIncident(simulation)).dueAt).toBe(simulation.now())
})

test('an alert is not over because the list could not be had, or because it is absent from it', async () => {
  const simulation = await simulate()
  await simulation.deliver('web', 'firing')
  simulation.pass(10_000_000)
  await sweep(simulation.ports)
  const sources = { ...simulation.ports.sources, list: listing() }
  await sweep({ ...simulation.ports, sources })
  expect((await simulation.store.read.alerts('main', ['f-web']))[0]).toMatchObject({ status: 'firing' })
})

test('an alert that is wrongly believed resolved comes back when it is listed as active', async () => {
  const simulation = await simulate({ sources: { list: listing(patientAlert('web')) } })
  await simulation.deliver('web', 'firing')
  simulation.pass(1_000)
  await simulation.deliver('web', 'resolved')
  simulation.pass(1_000)
  await sweep(simulation.ports)
  expect((await simulation.store.read.alerts('main', ['f-web']))[0]).toMatchObject({ status: 'firing' })
})

test('what Alertmanager cut from a delivery is fetched and decided, and nothing of other groups', async () => {
  const name = (fingerprint: string, group: string) =>
    patientAlert('web', { fingerprint, labels: { ...labels, group } })
  const { labels } = patientAlert('web')
  const listed = [name('f1', 'a'), name('f2', 'a'), name('f3', 'b')]
  const simulation = await simulate({ sources: { list: listing(...listed) } })
  const more = { truncatedAlerts: 1, groupLabels: { group: 'a' } }
  await createTruncated(simulation.ports).complete(someDelivery([name('f1', 'a')], more))
  const known = await simulation.store.read.alerts('main', ['f1', 'f2', 'f3'])
  expect(known.map(({ fingerprint }) => fingerprint)).toEqual(['f2'])
  const [event] = await simulation.store.read.audit({ types: ['delivery.received'], limit: 9 })
  expect(event).toMatchObject({ actor: 'reconcile', body: { via: 'reconcile' } })
})
