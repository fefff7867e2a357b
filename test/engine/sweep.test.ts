import { expect, test } from 'vitest'
import type { Alert } from '../../src/domain/alert.ts'
import type { Sources } from '../../src/engine/ports.ts'
import { sweep } from '../../src/engine/receive/sweep.ts'
import { patientAlert } from '../kit/simulation.ts'
import { simulate, theIncident } from './simulate.ts'

const listing =
  (...alerts: Alert[]): Sources['list'] =>
  async () => ({ ok: true, alerts })

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

test('an alert of a source that is no longer configured ends by its age, unconfirmed', async () => {
  const simulation = await simulate({
    sources: { names: () => ['other'], ask: async () => ({ kind: 'not_applicable', reason: 'no source "main"' }) },
  })
  await simulation.deliver('web', 'firing')
  await sweep(simulation.ports)
  const alert = async () => (await simulation.store.read.alerts('main', ['f-web']))[0]
  expect(await alert()).toMatchObject({ status: 'firing' })
  simulation.pass(simulation.policy.config.limits.alertAgeMaxMs + 1)
  await sweep(simulation.ports)
  expect(await alert()).toMatchObject({ status: 'resolved', resolvedConfirmed: false })
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
