import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createCourier } from '../crash/courier.ts'
import { type Hepar, type IncidentView, startHepar } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'
import { deliveryAbout, type Manner, openWard } from '../kit/ward.ts'

async function setUp(config: Readonly<Record<string, unknown>> = {}) {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  const folder = stack.use(await tempFolder('shutdown'))
  const ward = stack.use(await openWard(join(folder.path, 'ward')))
  const oncall = stack.use(await startSink())
  const hepar: Hepar = stack.use(
    await startHepar({
      folder: folder.path,
      plugins: [ward.plugins],
      rules: { 'treat.yaml': ward.playbook('Ill') },
      config: {
        docker: { exporter: { enabled: false } },
        notify: { oncall: { url: oncall.url } },
        limits: { probeEvery: '200ms', episodeGap: '0s', shutdownGrace: '60s' },
        ...config,
      },
    }),
  )
  const courier = createCourier(hepar.webhookUrl)
  stack.defer(() => courier.stop())
  const fallIll = async (patient: string, manner: Manner) => {
    ward.fallIll(patient, manner)
    await courier.send(deliveryAbout(patient, { alertname: 'Ill', startsAt: Date.now() }))
  }
  const lines = (patient: string) => ward.journal(patient).map(({ what }) => what)
  const until = (patient: string, what: string) =>
    waitFor(() => lines(patient).some((line) => line === what), { what: `${what} of ${patient}`, deadlineMs: 60_000 })
  const ready = async () => (await hepar.call('GET', '/readyz')).status
  /** The log as the file has it, without asking the server. */
  const exported = async () => {
    const { code, stdout } = await hepar.cli('audit', 'export', '--config', hepar.configFile)
    expect(code).toBe(0)
    const events = stdout.trim().split('\n')
    return events.map((line) => JSON.parse(line) as { type: string; body: Readonly<Record<string, unknown>> | null })
  }
  const effects = async () =>
    (await exported()).filter(({ type }) => type === 'attempt.effect_ended').map(({ body }) => body?.effect)
  return { ward, hepar, fallIll, lines, until, ready, effects, oncall }
}

test('SIGTERM: not ready at once, nothing new begins, the running effect ends in its grace, exit code 0', async () => {
  const { ward, hepar, fallIll, lines, until, ready, effects } = await setUp()
  await fallIll('treated', { cures: true, waits: true })
  await until('treated', 'begin')
  await fallIll('planned', { cures: true, planTakesMs: 2_000 })
  await until('planned', 'plan')
  hepar.signal('SIGTERM')
  await waitFor(async () => (await ready()) === 503, { what: 'not ready' })
  expect(lines('treated')).not.toContain('end')
  const late = deliveryAbout('late', { alertname: 'Ill', startsAt: Date.now() })
  expect((await hepar.post(late)).status).toBe(503)
  ward.letGo('treated')
  expect(await hepar.exited()).toEqual({ code: 0, signal: null })
  expect(lines('treated')).toEqual(['ill', 'begin', 'well', 'end'])
  expect(lines('planned')).toEqual(['ill', 'plan'])
  expect(await effects()).toEqual(['done'])
  await hepar.start()
  await hepar.until(
    'both healed',
    (incidents) => incidents.length === 2 && incidents.every(({ ending }) => ending === 'healed'),
  )
  expect(lines('planned').filter((what) => what === 'begin')).toHaveLength(1)
}, 180_000)

test('SIGTERM: an effect that outlives its grace is ended and recorded as unknown before the exit, code 0', async () => {
  const { ward, hepar, fallIll, until, effects, oncall } = await setUp({
    limits: { probeEvery: '200ms', shutdownGrace: '1s' },
  })
  await fallIll('deaf', { cures: true, blocks: true, forks: true })
  await until('deaf', 'child')
  const began = performance.now()
  expect(await hepar.stop()).toEqual({ code: 0, signal: null })
  expect(performance.now() - began).toBeGreaterThanOrEqual(1_000)
  expect(ward.leftOver('deaf')).toEqual([])
  expect(await effects()).toEqual(['unknown'])
  await hepar.start()
  await hepar.until('handed over', ([incident]) => incident?.state === 'handed_over')
  await waitFor(() => oncall.requests.length === 1, { what: 'the message' })
}, 180_000)

test('SIGTERM in the first moments, while the neighbours are still being greeted, is a clean stop as well', async () => {
  const mute = await startSink({ answer: { hang: 'before' } })
  onTestFinished(() => mute[Symbol.asyncDispose]())
  const { hepar, ready } = await setUp({ sources: [{ name: 'main', prometheus: mute.url }] })
  expect(await ready()).toBe(200)
  expect(await hepar.stop()).toEqual({ code: 0, signal: null })
  expect(hepar.output()).toContain('engine.stopping')
}, 120_000)

test('SIGTERM: a pager that swallows messages holds the stop up for one answer at most', async () => {
  const { hepar, fallIll, oncall } = await setUp({ limits: { probeEvery: '200ms', shutdownGrace: '0s' } })
  oncall.answer({ code: 500 })
  for (const patient of ['a', 'b', 'c']) await fallIll(patient, { fails: true })
  const handedOver = (incidents: readonly IncidentView[]) => incidents.filter(({ state }) => state === 'handed_over')
  await hepar.until('all handed over', (incidents) => handedOver(incidents).length === 3)
  await hepar.kill()
  // The next start finds all three messages due at once.
  oncall.answer({ hang: 'before' })
  oncall.clear()
  await hepar.start()
  await waitFor(() => oncall.requests.length > 0, { what: 'a message on its way' })
  expect(await hepar.stop()).toEqual({ code: 0, signal: null })
  oncall.answer({})
  await hepar.start()
  const keys = () => new Set(oncall.requests.map(({ headers }) => headers['idempotency-key']))
  await waitFor(() => keys().size === 3, { what: 'all three messages', deadlineMs: 60_000 })
}, 180_000)

test('a second Hepar on the same data folder is refused with the next step, and the first goes on', async () => {
  const { hepar, ready, fallIll } = await setUp()
  const second = await hepar.cli('serve', '--config', hepar.configFile)
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain(
    `data folder ${hepar.dataFolder} is in use by another Hepar (pid ${hepar.pid()}): stop it`,
  )
  expect(await ready()).toBe(200)
  await fallIll('treated', { cures: true })
  await hepar.until('healed', ([incident]) => incident?.ending === 'healed')
}, 120_000)
