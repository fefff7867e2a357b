import { expect, test } from 'vitest'
import { decidedIn } from '../kit/decided.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { startLoop } from '../kit/loop.ts'
import { startSink, toldTo } from '../kit/sink.ts'
import { quickLimits } from '../kit/stage.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { witnessIn, witnessPlaybook, witnessPlugins } from '../kit/witness.ts'

test('a Prometheus that is gone lets alerts resolve, and yet nothing counts as recovered or healed', async () => {
  await using wellness = await startSink()
  await using loop = await startLoop({
    limits: { confirmWithin: '5s', reconcileEvery: '2s' },
    playbooks: [
      { takes: 'patient', more: 'settle: 10m' },
      {
        takes: 'acted',
        verify: ['- alert: cleared', `- http: { url: "${wellness.url}/health", status: 200 }`],
        more: 'within: 20s',
      },
    ],
  })
  const { hepar, prometheus, foreteller, witness } = loop
  loop.fall('patient', 'untouched')
  loop.fall('acted', 'touched')
  await hepar.until('both are known', (incidents) => incidents.length === 2)
  await witness.until('ended', 'touched')
  await prometheus.kill()
  await hepar.until('both closed', (incidents) => incidents.every(({ state }) => state === 'closed'))
  // The http probe passed throughout: it alone proves nothing while the alert's rule cannot be seen.
  expect(wellness.requests.length).toBeGreaterThan(0)
  const closed = await hepar.incidents()
  expect(of(closed, 'untouched')).toMatchObject({ ending: 'cancelled', touched: false })
  expect(of(closed, 'untouched')!.reason).toContain('no source could confirm')
  expect(of(closed, 'touched')).toMatchObject({ ending: 'unverified', attempts: 1 })
  expect([witness.began('untouched'), witness.began('touched')]).toEqual([0, 1])
  expect(await endings(hepar)).toEqual(['cancelled', 'unverified'])

  await prometheus.restart()
  await hepar.until('both are taken up again', (incidents) => incidents.every(({ state }) => state !== 'closed'))
  expect(await foreteller.check()).toBeGreaterThanOrEqual(1)
}, 180_000)

test('a resolution that is never delivered is found by asking the sources', async () => {
  await using loop = await startLoop({
    alertmanager: { sendResolved: false },
    limits: { reconcileEvery: '2s' },
    playbooks: [
      { takes: 'patient', more: 'settle: 10m' },
      { takes: 'human', steps: '- escalate: oncall' },
      { takes: 'observed', more: 'mode: observe' },
    ],
  })
  const { hepar, witness, oncall, foreteller } = loop
  const cases = ['patient', 'human', 'observed'] as const
  for (const one of cases) loop.fall(one, `lost-${one}`)
  await hepar.until('all are known, one handed over', (incidents) => {
    return incidents.length === 3 && of(incidents, 'lost-human')?.state === 'handed_over'
  })
  await waitFor(() => oncall.requests.length > 0, { what: 'the hand-over is sent', deadlineMs: 60_000 })
  for (const one of cases) loop.recover(one, `lost-${one}`)
  await hepar.until('all are closed', (incidents) => incidents.every(({ state }) => state === 'closed'))
  const closed = await hepar.incidents()
  expect(cases.map((one) => of(closed, `lost-${one}`)?.ending)).toEqual([
    'self_recovered',
    'escalated',
    'self_recovered',
  ])
  const told = decidedIn(await hepar.events()).filter(({ decision }) => decision === 'resolved')
  expect(told).toEqual([])
  expect(cases.map((one) => witness.began(`lost-${one}`))).toEqual([0, 0, 0])
  await waitFor(() => toldTo(oncall).includes('incident.closed'), { what: 'the end to be told', deadlineMs: 60_000 })
  expect(toldTo(oncall)).toEqual(['incident.handed_over', 'incident.closed'])
  expect(await foreteller.check()).toBeGreaterThanOrEqual(1)
}, 180_000)

test('an alert that nobody can be asked about is given up once it has not been heard of for long enough', async () => {
  await using folder = await tempFolder('unheard')
  const witness = witnessIn(folder.path)
  await using hepar = await startHepar({
    folder: folder.path,
    plugins: [witnessPlugins],
    rules: { 'patient.yaml': witnessPlaybook(witness.file, { takes: 'patient', more: 'settle: 10m' }) },
    config: {
      docker: { exporter: { enabled: false } },
      limits: { ...quickLimits, reconcileEvery: '1s', alertAge: '3s', confirmWithin: '1s' },
    },
  })
  const labels = { alertname: 'Ill', case: 'patient', name: 'unheard' }
  const times = { startsAt: new Date().toISOString(), endsAt: '0001-01-01T00:00:00Z' }
  const alert = { status: 'firing', labels, annotations: {}, ...times, fingerprint: 'f00' }
  const told = await hepar.post({ version: '4', receiver: 'hepar', groupKey: '', status: 'firing', alerts: [alert] })
  expect(told).toMatchObject({ status: 200, json: { decisions: [{ decision: 'matched' }] } })
  await hepar.until('it is closed', ([incident]) => incident?.state === 'closed')
  const [incident] = await hepar.incidents()
  expect(incident).toMatchObject({ ending: 'cancelled', reason: expect.stringContaining('no source could confirm') })
  expect(witness.began('unheard')).toBe(0)
}, 120_000)

function of(incidents: readonly IncidentView[], service: string): IncidentView | undefined {
  return incidents.find(({ target }) => target === `service/${service}`)
}

/** Every ending that was ever recorded, in alphabetical order. */
async function endings(hepar: Hepar): Promise<readonly unknown[]> {
  const closed = (await hepar.events()).filter(({ type }) => type === 'incident.closed')
  return closed.map(({ body }) => body.ending).sort()
}
