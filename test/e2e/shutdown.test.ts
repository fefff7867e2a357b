import { expect, onTestFinished, test } from 'vitest'
import { openHospital } from '../crash/hospital.ts'
import type { Hepar, IncidentView } from '../kit/hepar.ts'
import { startSink } from '../kit/sink.ts'
import { waitFor } from '../kit/wait.ts'
import { deliveryAbout } from '../kit/ward.ts'

async function open(config: Readonly<Record<string, unknown>> = {}) {
  const limits = { probeEvery: '200ms', episodeGap: '0s', shutdownGrace: '60s' }
  const hospital = await openHospital({ playbooks: () => ({ Ill: {} }), config: { limits, ...config } })
  onTestFinished(() => hospital[Symbol.asyncDispose]())
  return hospital
}

async function readiness(hepar: Hepar): Promise<number> {
  return (await hepar.call('GET', '/readyz')).status
}

/** How effects ended, from the log as the file has it, without asking the server. */
async function recordedEffects(hepar: Hepar): Promise<readonly unknown[]> {
  const { code, stdout } = await hepar.cli('audit', 'export', '--config', hepar.configFile)
  expect(code).toBe(0)
  const events = stdout.trim().split('\n')
  return events
    .map((line) => JSON.parse(line) as { type: string; body: { effect?: string } | null })
    .filter(({ type }) => type === 'attempt.effect_ended')
    .map(({ body }) => body?.effect)
}

test('SIGTERM: not ready at once, nothing new begins, the running effect ends in its grace, exit code 0', async () => {
  const { ward, hepar, fallIll } = await open()
  const treated = fallIll('treated', { cures: true, waits: true })
  await treated.until('begin')
  const planned = fallIll('planned', { cures: true, planTakesMs: 2_000 })
  await planned.until('plan')
  hepar.signal('SIGTERM')
  await waitFor(async () => (await readiness(hepar)) === 503, { what: 'not ready' })
  expect(treated.lines()).toEqual(['ill', 'begin'])
  const late = deliveryAbout('late', { alertname: 'Ill', startsAt: Date.now() })
  expect((await hepar.post(late)).status).toBe(503)
  ward.letGo(treated.patient)
  expect(await hepar.exited()).toEqual({ code: 0, signal: null })
  expect(treated.lines()).toEqual(['ill', 'begin', 'well', 'end'])
  expect(planned.lines()).toEqual(['ill', 'plan'])
  expect(await recordedEffects(hepar)).toEqual(['done'])
  await hepar.start()
  expect(await treated.rest()).toMatchObject({ ending: 'healed' })
  expect(await planned.rest()).toMatchObject({ ending: 'healed' })
  expect(planned.lines().filter((what) => what === 'begin')).toHaveLength(1)
}, 180_000)

test('SIGTERM: an effect that outlives its grace is ended and recorded as unknown before the exit, code 0', async () => {
  const { ward, hepar, fallIll, oncall } = await open({ limits: { probeEvery: '200ms', shutdownGrace: '1s' } })
  const deaf = fallIll('deaf', { cures: true, blocks: true, forks: true })
  await deaf.until('child', 2)
  const began = performance.now()
  expect(await hepar.stop()).toEqual({ code: 0, signal: null })
  expect(performance.now() - began).toBeGreaterThanOrEqual(1_000)
  expect(ward.leftOver(deaf.patient)).toEqual([])
  expect(await recordedEffects(hepar)).toEqual(['unknown'])
  await hepar.start()
  expect(await deaf.rest()).toMatchObject({ state: 'handed_over' })
  await waitFor(() => oncall.requests.length === 1, { what: 'the message' })
}, 180_000)

test('SIGTERM in the first moments, while the neighbours are still being asked, is a clean stop as well', async () => {
  await using mute = await startSink({ answer: { hang: 'before' } })
  const { hepar } = await open({ sources: [{ name: 'main', prometheus: mute.url }] })
  expect(await readiness(hepar)).toBe(200)
  expect(await hepar.stop()).toEqual({ code: 0, signal: null })
  expect(hepar.output()).toContain('engine.stopping')
}, 120_000)

test('SIGTERM: a pager that swallows messages holds the stop up for one answer at most', async () => {
  const { hepar, fallIll, oncall } = await open({ limits: { probeEvery: '200ms', shutdownGrace: '0s' } })
  oncall.answer({ code: 500 })
  for (const patient of ['a', 'b', 'c']) await fallIll(patient, { fails: true }).taken
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
  const { hepar, fallIll } = await open()
  const second = await hepar.cli('serve', '--config', hepar.configFile)
  expect(second).toMatchObject({ code: 1, stdout: '' })
  const refusal = `data folder ${hepar.dataFolder} is in use by another Hepar (pid ${hepar.pid()}): stop it`
  expect(second.stderr).toContain(refusal)
  expect(await readiness(hepar)).toBe(200)
  expect(await fallIll('treated', { cures: true }).rest()).toMatchObject({ ending: 'healed' })
}, 120_000)
