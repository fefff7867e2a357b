import { expect, test } from 'vitest'
import { startAlertmanager } from '../kit/alertmanager.ts'
import { decidedIn } from '../kit/decided.ts'
import { type Answered, writtenAlert, writtenDelivery } from '../kit/delivery.ts'
import { startHepar } from '../kit/hepar.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const docker = { hosts: { local: { socket: '/nowhere/docker.sock' } } }

test('a delivery of 10,000 alerts that a kill cuts in the middle is completed by its replay', async () => {
  await using folder = await tempFolder('intake')
  await using hepar = await startHepar({ folder: folder.path, holdable: true, config: { docker } })
  const alerts = Array.from({ length: 10_000 }, (_, index) => writtenAlert({ alertname: 'Ill', name: `m${index}` }))
  hepar.hold('commit:after:receive')
  const cut = hepar.post(writtenDelivery(alerts)).catch(() => 'no answer')
  await hepar.reached('commit:after:receive')
  await hepar.kill()
  expect(await cut).toBe('no answer')
  hepar.release('commit:after:receive')
  await hepar.start()
  const decided = async () => decidedIn(await hepar.events())
  const before = await decided()
  expect(before.length).toBeGreaterThan(0)
  expect(before.length).toBeLessThan(alerts.length)
  const replayed = await hepar.post(writtenDelivery(alerts))
  expect(replayed.status).toBe(200)
  const kinds = (replayed.json as Answered).decisions.map(({ decision }) => decision)
  expect(kinds.filter((kind) => kind === 'duplicate')).toHaveLength(before.length)
  expect(kinds.filter((kind) => kind === 'unmatched')).toHaveLength(alerts.length - before.length)
  const fingerprints = (await decided()).map(({ fingerprint }) => fingerprint ?? '')
  expect(fingerprints.toSorted()).toEqual(alerts.map(({ fingerprint }) => fingerprint).toSorted())
  expect(await hepar.cli('audit', 'verify', '--config', hepar.configFile)).toMatchObject({ code: 0 })
}, 180_000)

test('what Alertmanager sends to a Hepar that is down, then starting, then up arrives by its own retries', async () => {
  await using folder = await tempFolder('retry')
  await using hepar = await startHepar({ folder: folder.path, holdable: true, config: { docker } })
  await hepar.stop()
  await using alertmanager = await startAlertmanager({ webhookUrl: hepar.webhookUrl })
  const failures = async (reason: RegExp) => {
    await waitFor(() => reason.test(alertmanager.output()), { what: `Alertmanager to be refused: ${reason}` })
  }
  await alertmanager.post([{ labels: { alertname: 'Patient' } }])
  await failures(/connection refused/)
  hepar.hold('commit:before:engine.started')
  const starting = hepar.start()
  await hepar.reached('commit:before:engine.started')
  expect(await (await fetch(`${hepar.url}/readyz`)).json()).toEqual({ status: 'not ready', reason: 'starting' })
  await failures(/unexpected status code 503/)
  hepar.release('commit:before:engine.started')
  await starting
  const arrived = await waitFor(
    async () => decidedIn(await hepar.events()).find(({ alertname }) => alertname === 'Patient'),
    { what: 'the alert to arrive' },
  )
  expect(arrived).toMatchObject({ decision: 'unmatched' })
  const metrics = await (await fetch(`${hepar.url}/metrics`)).text()
  expect(metrics).toMatch(/^hepar_deliveries_total\{code="503"\} [1-9]/m)
}, 180_000)
