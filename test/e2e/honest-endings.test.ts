import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hepar, IncidentView } from '../kit/hepar.ts'
import { type Loop, startLoop } from '../kit/loop.ts'
import { waitFor } from '../kit/wait.ts'

/** One loop for all of them: each test has its own playbook and service, and none disturbs Prometheus. */
let loop: Loop

beforeAll(async () => {
  loop = await startLoop({
    // The sweep must not be quicker than what is tested here.
    limits: { reconcileEvery: '10m' },
    playbooks: [
      { takes: 'patient', more: 'settle: 10m' },
      { takes: 'slow', held: true, steps: '- $ACT\n- $ACT' },
      {
        takes: 'unproven',
        held: true,
        steps: '- $ACT\n- $ACT\n- escalate: oncall',
        verify: ['- alert: cleared', '- promql: well{name="{{ labels.name }}"} == 1'],
        more: 'within: 3s',
      },
      { takes: 'quick', steps: '- $ACT\n- $ACT' },
    ],
  })
}, 180_000)

afterAll(() => loop?.[Symbol.asyncDispose]())

test('an alert that resolves before the start ends as self_recovered, without an effect', async () => {
  const { hepar, foreteller, witness } = loop
  const about = await ill('patient', 'early')
  loop.recover('patient', 'early')
  await hepar.until('closed', (incidents) => about(incidents)?.state === 'closed')
  expect(about(await hepar.incidents())).toMatchObject({ ending: 'self_recovered', attempts: 0, touched: false })
  expect(witness.began('early')).toBe(0)
  expect(await foreteller.check()).toBeGreaterThanOrEqual(0)
}, 120_000)

test('a resolution that the source contradicts does not close the incident', async () => {
  const { hepar, foreteller } = loop
  const about = await ill('patient', 'slandered')
  const lie = JSON.parse(await firingBody('slandered'))
  lie.status = 'resolved'
  lie.alerts[0] = { ...lie.alerts[0], status: 'resolved', endsAt: new Date().toISOString() }
  const { decisions } = await foreteller.post(lie)
  expect(decisions.map(({ decision }) => decision)).toEqual(['resolved'])
  const { id } = about(await hepar.incidents())!
  await waitFor(async () => (await alertsOf(hepar, id)).every(({ status }) => status === 'firing'), {
    what: 'the alert fires again',
    deadlineMs: 60_000,
  })
  expect(about(await hepar.incidents())).toMatchObject({ state: 'open', reopenings: 0 })
  const episodes = (await hepar.events()).flatMap(({ type, body }) =>
    type === 'alert.changed' && body.status === 'firing' ? [body.reason] : [],
  )
  expect(episodes).toContain('the source says that it still fires')
}, 120_000)

test('an alert that resolves during the effect lets the step finish, starts no other, and ends as the proof says', async () => {
  const { hepar, foreteller, witness } = loop
  const proven = await ill('slow', 'proven')
  const unproven = await ill('unproven', 'doubtful')
  await witness.until('began', 'proven')
  await witness.until('began', 'doubtful')
  loop.recover('slow', 'proven')
  loop.recover('unproven', 'doubtful')
  for (const about of [proven, unproven]) await resolvedWhileActing(hepar, about(await hepar.incidents())!.id)
  for (const service of ['proven', 'doubtful']) witness.free(service)
  await hepar.until('closed', (incidents) => [proven, unproven].every((about) => about(incidents)?.state === 'closed'))
  const incidents = await hepar.incidents()
  expect(proven(incidents)).toMatchObject({ ending: 'healed' })
  expect(unproven(incidents)).toMatchObject({ ending: 'unverified' })
  for (const service of ['proven', 'doubtful']) {
    expect([witness.began(service), witness.ended(service)]).toEqual([1, 1])
  }
  expect(loop.oncall.requests).toHaveLength(0)
  expect(await foreteller.check()).toBeGreaterThanOrEqual(2)
}, 120_000)

test('firing sent again after resolved, with an equal start, counts only when the source says that it still fires', async () => {
  const { hepar, foreteller, prometheus, witness } = loop
  const about = await ill('quick', 'replayed')
  const firing = await firingBody('replayed')
  await witness.until('ended', 'replayed')
  loop.recover('quick', 'replayed')
  await hepar.until('healed', (incidents) => about(incidents)?.ending === 'healed')
  await waitFor(async () => (await loop.alertmanager.alerts()).every(({ labels }) => labels.name !== 'replayed'), {
    what: 'Alertmanager has forgotten it',
    deadlineMs: 60_000,
  })

  const over = await foreteller.post(firing)
  expect(over.decisions).toMatchObject([{ decision: 'stale', reason: expect.stringContaining('asking the source') }])
  await evaluations(3)
  expect(about(await hepar.incidents())).toMatchObject({ state: 'closed', ending: 'healed', reopenings: 0 })
  expect(witness.began('replayed')).toBe(1)

  // Nothing else gets through from here on, so that only the repeated delivery can tell.
  foreteller.attach(null)
  loop.fall('quick', 'replayed')
  await waitFor(async () => JSON.stringify((await prometheus.get('/api/v1/alerts')).data).includes('"replayed"'), {
    what: 'it fires in Prometheus',
    deadlineMs: 60_000,
  })
  const explained = (await hepar.call('POST', '/api/v1/explain', JSON.parse(firing))).json as {
    alerts: { decision: unknown }[]
  }
  const answered = (await hepar.post(firing)).json as { decisions: { decision: string }[] }
  expect(explained.alerts.map(({ decision }) => decision)).toEqual(answered.decisions)
  expect(answered.decisions).toMatchObject([{ decision: 'stale' }])
  await hepar.until('taken up again', (incidents) => about(incidents)?.reopenings === 1)
  await waitFor(() => witness.ended('replayed') === 2, { what: 'the second effect', deadlineMs: 60_000 })
  loop.recover('quick', 'replayed')
  foreteller.attach(hepar)
  await hepar.until('healed again', (incidents) => about(incidents)?.ending === 'healed')
  expect(witness.began('replayed')).toBe(2)
  expect(await foreteller.check()).toBeGreaterThanOrEqual(3)
}, 180_000)

type Find = (incidents: readonly IncidentView[]) => IncidentView | undefined

/** Lets a service fall ill and waits for its incident. */
async function ill(ofCase: string, service: string): Promise<Find> {
  loop.fall(ofCase, service)
  const about: Find = (incidents) => incidents.find(({ target }) => target === `service/${service}`)
  await loop.hepar.until(`an incident of ${service}`, (incidents) => about(incidents) !== undefined)
  return about
}

/** The body with which Alertmanager told that this service is ill. */
async function firingBody(service: string): Promise<string> {
  const { body } = await waitFor(
    () => loop.foreteller.foretold.find((one) => one.body.includes(`"name":"${service}"`)),
    { what: `a delivery about ${service}` },
  )
  expect(JSON.parse(body)).toMatchObject({ status: 'firing', alerts: [{ status: 'firing' }] })
  return body
}

async function alertsOf(hepar: Hepar, id: string): Promise<readonly { status: string }[]> {
  return (await hepar.incident(id)).alerts as { status: string }[]
}

/** Waits until the alert is resolved, while its effect is held. */
async function resolvedWhileActing(hepar: Hepar, id: string): Promise<void> {
  await waitFor(async () => (await alertsOf(hepar, id)).every(({ status }) => status === 'resolved'), {
    what: 'the alert is resolved',
    deadlineMs: 60_000,
  })
  expect((await hepar.incident(id)).incident).toMatchObject({ state: 'acting' })
}

/** Waits until Prometheus has evaluated the rule this often. */
async function evaluations(count: number): Promise<void> {
  const seen = new Set<string>()
  await waitFor(
    async () => {
      const { data } = await loop.prometheus.get('/api/v1/rules')
      seen.add((data as { groups: { lastEvaluation: string }[] }).groups[0]!.lastEvaluation)
      return seen.size > count
    },
    { what: `${count} evaluations`, deadlineMs: 60_000 },
  )
}
