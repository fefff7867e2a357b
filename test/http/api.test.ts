import { expect, test } from 'vitest'
import type { AlertRecord } from '../../src/domain/alert.ts'
import { HeparError } from '../../src/engine/errors.ts'
import { chained, fakeWorld, incident, now } from './fake-parts.ts'
import { json, serve } from './serve.ts'

const record: AlertRecord = {
  source: 'main',
  fingerprint: 'f1',
  labels: { alertname: 'Sick' },
  annotations: {},
  groupLabels: {},
  receiver: 'hepar',
  generatorURL: '',
  status: 'firing',
  episode: 'e1',
  startsAt: now,
  firstSeenAt: now,
  lastSeenAt: now,
  resolvedAt: null,
  resolvedBy: null,
  resolvedConfirmed: false,
  decision: 'unmatched',
  reason: 'no playbook matches',
  playbooks: [],
  rulesRevision: 'p1',
}

test('incidents are listed newest first, filtered by state, page by page', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1'), incident('i2', { state: 'closed' }), incident('i3'), incident('i4')]
  const { ask } = await serve(world)
  const first = await ask('/api/v1/incidents?state=open,waiting&limit=2')
  expect((first.body.incidents as { id: string }[]).map(({ id }) => id)).toEqual(['i4', 'i3'])
  const second = await ask(`/api/v1/incidents?state=open&state=waiting&limit=2&cursor=${first.body.cursor}`)
  expect((second.body.incidents as { id: string }[]).map(({ id }) => id)).toEqual(['i1'])
  expect(second.body.cursor).toBeNull()
})

test.each([
  '/api/v1/incidents?state=broken',
  '/api/v1/incidents?limit=0',
  '/api/v1/incidents?limit=9999',
  '/api/v1/incidents?since=yesterday',
  '/api/v1/incidents?colour=red',
  '/api/v1/incidents?cursor=xyz',
  '/api/v1/alerts?cursor=xyz',
  '/api/v1/audit?type=nothing.known',
  '/api/v1/stats?window=soon',
])('%s is answered 400', async (path) => {
  const { ask } = await serve(fakeWorld())
  expect(await ask(path)).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } })
})

test('of a long story the end is shown, for there stands what it waits for', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { state: 'waiting' })]
  const assessed = (count: number) => ({
    type: 'incident.assessed' as const,
    at: now,
    actor: 'engine',
    incident: 'i1',
    body: { gates: [{ gate: 'cooldown', reason: `round ${count}` }] },
  })
  world.events = chained(Array.from({ length: 2_500 }, (_, count) => assessed(count)))
  const { ask } = await serve(world)
  const { body } = await ask('/api/v1/incidents/i1')
  expect(body).toMatchObject({ timelineCut: true, gates: [{ reason: 'round 2499' }] })
  expect((body.timeline as { seq: number }[]).map(({ seq }) => seq).slice(-1)).toEqual([2_500])
  expect(body.timeline).toHaveLength(1_000)
  world.events = world.events.slice(0, 1_000)
  expect((await ask('/api/v1/incidents/i1')).body).toMatchObject({ timelineCut: false })
})

test('a wrong word is named with those that would be right', async () => {
  const { ask } = await serve(fakeWorld())
  const { body } = await ask('/api/v1/incidents?state=ill')
  expect((body.error as { message: string }).message).toMatch(/"ill" is not one of open, waiting, .*closed$/)
})

test('one incident shows why it waits, its alerts and its timeline in RFC 3339', async () => {
  const world = fakeWorld()
  const waiting = { gate: 'cooldown', reason: 'acted 1m ago', until: now + 60_000, unblock: 'wait' }
  world.incidents = [incident('i1', { state: 'waiting', waiting })]
  world.alerts = [record]
  world.events = chained([
    { type: 'incident.opened', at: now, actor: 'engine', incident: 'i1', body: {} },
    {
      type: 'incident.assessed',
      at: now,
      actor: 'engine',
      incident: 'i1',
      body: { gates: [{ gate: 'cooldown', until: now }] },
    },
    { type: 'incident.opened', at: now, actor: 'engine', incident: 'other', body: {} },
  ])
  const { ask } = await serve(world)
  const { body } = await ask('/api/v1/incidents/i1')
  expect(body.whyNot).toEqual({ ...waiting, until: '2030-01-02T03:05:05.000Z' })
  expect(body.gates).toEqual([{ gate: 'cooldown', until: '2030-01-02T03:04:05.000Z' }])
  expect(body.alerts).toMatchObject([{ fingerprint: 'f1', startsAt: '2030-01-02T03:04:05.000Z' }])
  expect(body.timeline).toHaveLength(2)
  const events = await ask('/api/v1/incidents/i1/events?limit=1')
  expect(events.body).toMatchObject({ events: [{ seq: 1 }], after: 1 })
})

test('an incident that does not exist is answered 404, and one that is closed 409', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1', { state: 'closed' })]
  const { ask } = await serve(world)
  expect((await ask('/api/v1/incidents/none')).status).toBe(404)
  expect((await ask('/api/v1/incidents/none/cancel', json({ reason: 'x' }))).status).toBe(404)
  expect((await ask('/api/v1/incidents/i1/cancel', json({ reason: 'x' }))).status).toBe(409)
})

test('cancel and resume need a reason and pass it on with the name of the caller', async () => {
  const world = fakeWorld()
  world.incidents = [incident('i1')]
  const { ask } = await serve(world)
  expect((await ask('/api/v1/incidents/i1/cancel', { method: 'POST' })).status).toBe(400)
  expect((await ask('/api/v1/incidents/i1/cancel', json({ reason: 'mine' }))).body).toMatchObject({
    incident: { state: 'closed' },
  })
  expect((await ask('/api/v1/incidents/i1/resume', json({ reason: 'fixed' }))).status).toBe(200)
  expect(world.asked).toEqual([
    { verb: 'cancel', by: 'operator:local', more: 'mine' },
    { verb: 'resume', by: 'operator:local', more: 'fixed' },
  ])
})

test('active alerts come page by page with their decision and reason', async () => {
  const world = fakeWorld()
  world.alerts = [record, { ...record, fingerprint: 'f2' }, { ...record, fingerprint: 'f3' }]
  const { ask } = await serve(world)
  const first = await ask('/api/v1/alerts?limit=2')
  expect(first.body.alerts).toMatchObject([{ decision: 'unmatched', reason: 'no playbook matches' }, {}])
  const second = await ask(`/api/v1/alerts?limit=2&cursor=${first.body.cursor}`)
  expect(second.body).toMatchObject({ alerts: [{ fingerprint: 'f3' }], cursor: null })
})

test('a manual heal opens an incident, and an unknown action is refused with its reason', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const wanted = { target: 'container/local/web', with: { grace: '1s' }, reason: 'it hangs' }
  const answer = await ask('/api/v1/actions/container-restart/run', json(wanted))
  expect(answer).toMatchObject({ status: 202, body: { incident: { id: 'manual-1' } } })
  expect(world.asked[0]?.more).toEqual({ ...wanted, action: 'container-restart', by: 'operator:local' })
  const unknown = await ask('/api/v1/actions/unknown/run', json(wanted))
  expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'invalid', message: /unknown/ } } })
})

test('a body nested too deep is refused before anything walks it', async () => {
  const { ask } = await serve(fakeWorld())
  let deep: unknown = 1
  for (let level = 0; level < 100; level += 1) deep = [deep]
  const answer = await ask('/api/v1/actions/a/run', json({ target: 't/x', with: { deep }, reason: 'r' }))
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'too_deep' } } })
})

test('the stop switch is set with reason and expiry, shown, and lifted', async () => {
  const { ask } = await serve(fakeWorld())
  expect((await ask('/api/v1/pause')).body).toEqual({ paused: false })
  const put = (body: unknown) => ask('/api/v1/pause', json(body, {}, 'PUT'))
  expect((await put({ paused: true })).status).toBe(400)
  expect((await put({ paused: true, reason: 'deploy', for: '30m' })).body).toEqual({
    paused: true,
    reason: 'deploy',
    by: 'operator:local',
    since: '2030-01-02T03:04:05.000Z',
    until: '2030-01-02T03:34:05.000Z',
  })
  expect((await ask('/api/v1/pause')).body).toMatchObject({ paused: true })
  expect((await put({ paused: false })).body).toEqual({ paused: false })
})

test('a reload answers what it put in force, or every problem with its position', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  const problem = { severity: 'error', file: 'rules/a.yaml', line: 3, column: 5, message: 'unknown key' } as const
  world.reloadReport = { ok: false, problems: [problem] }
  const refused = await ask('/api/v1/reload', { method: 'POST' })
  expect(refused).toMatchObject({ status: 422, body: { error: { message: 'rules/a.yaml:3:5: error: unknown key' } } })
  const preview = { active: 3, willMatch: 2, willOpen: 1 }
  world.reloadReport = { ok: true, dryRun: true, revision: 'p2', playbooks: 1, actions: 1, preview, warnings: [] }
  expect((await ask('/api/v1/reload?dryRun=true', { method: 'POST' })).body).toMatchObject({ preview })
  expect(world.asked.map(({ more }) => more)).toEqual([false, true])
})

test('while stopping, reading goes on and changing is refused', async () => {
  const world = fakeWorld()
  world.phase = 'stopping'
  const { ask } = await serve(world)
  expect((await ask('/api/v1/incidents')).status).toBe(200)
  expect((await ask('/api/v1/pause', json({ paused: false }, {}, 'PUT'))).status).toBe(503)
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: { reason: 'stopping' } })
  expect((await ask('/livez')).status).toBe(200)
})

test('ready means running with a store that writes', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  expect((await ask('/readyz')).status).toBe(200)
  world.storeProblem = 'no space left'
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: { reason: 'store: no space left' } })
})

test('a store that fails answers 503, a bug 500 without its words', async () => {
  const world = fakeWorld()
  const { ask } = await serve(world)
  world.failure = new HeparError('store_unavailable', 'the disk is gone')
  expect((await ask('/api/v1/incidents')).status).toBe(503)
  world.failure = new Error('secret detail')
  const answer = await ask('/api/v1/incidents')
  expect(answer.status).toBe(500)
  expect(JSON.stringify(answer.body)).not.toContain('secret detail')
})

test('unknown addresses get 404, wrong methods 405 with what is allowed, broken ones 400', async () => {
  const { ask } = await serve(fakeWorld())
  expect(await ask('/nothing')).toMatchObject({ status: 404, body: { error: { code: 'no_route' } } })
  const wrong = await ask('/api/v1/pause', { method: 'DELETE' })
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('GET, PUT')
  expect((await ask('/webhook/alertmanager')).status).toBe(405)
  expect((await ask('/api/v1/incidents/%ff')).status).toBe(400)
})

test('every answer forbids caching, sniffing, framing and sharing, and names no software', async () => {
  const { ask } = await serve(fakeWorld())
  for (const path of ['/livez', '/api/v1/incidents', '/nothing']) {
    const { headers } = await ask(path)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('x-powered-by')).toBeNull()
  }
})

test('metrics come as text and the catalogue names broken plugins', async () => {
  const { ask } = await serve(fakeWorld())
  const metrics = await ask('/metrics')
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
  expect(metrics.body.text).toBe('hepar_build_info 1\n')
  expect((await ask('/api/v1/actions')).body.broken).toMatchObject([{ name: 'odd' }])
})

test('statistics sum up the closings of the window and leave older ones out', async () => {
  const world = fakeWorld()
  const closed = (ago: number, playbook: string, body: Record<string, string | number>) =>
    ({ type: 'incident.closed', at: now - ago, actor: 'engine', playbook, body }) as const
  world.events = chained([
    closed(9 * 86_400_000, 'a', { ending: 'healed', by: 'automation', attempts: 1, recoverySeconds: 999 }),
    ...Array.from(
      { length: 40 },
      () => ({ type: 'alert.changed', at: now - 5_000_000, actor: 'e', body: {} }) as const,
    ),
    closed(4_000, 'a', { ending: 'healed', by: 'automation', attempts: 1, recoverySeconds: 10 }),
    closed(3_000, 'a', { ending: 'healed', by: 'automation', attempts: 2, recoverySeconds: 30 }),
    closed(2_000, 'b', { ending: 'self_recovered', by: 'self', attempts: 0, recoverySeconds: 5 }),
    closed(1_000, 'b', { ending: 'escalated', by: 'human', attempts: 2, recoverySeconds: 600 }),
  ])
  const { ask } = await serve(world)
  const { body } = await ask('/api/v1/stats')
  expect(body.total).toMatchObject({
    closed: 4,
    byEnding: { healed: 2, self_recovered: 1, escalated: 1, unverified: 0 },
    successShare: 2 / 3,
    recovery: { automation: { count: 2, meanSeconds: 20, p50Seconds: 10, p90Seconds: 30 }, self: { count: 1 } },
  })
  expect(Object.keys(body.byPlaybook as object)).toEqual(['a', 'b'])
  expect((await ask('/api/v1/stats?window=30d&playbook=a')).body.total).toMatchObject({ closed: 3 })
})

test('the log and its checkpoint can be read', async () => {
  const world = fakeWorld()
  world.events = chained([
    { type: 'engine.started', at: now, actor: 'engine', body: { version: '1' } },
    { type: 'pause.cleared', at: now, actor: 'operator:a', body: {} },
  ])
  const { ask } = await serve(world)
  const { body } = await ask('/api/v1/audit?type=pause.cleared')
  expect(body.events).toMatchObject([{ seq: 2, actor: 'operator:a', at: '2030-01-02T03:04:05.000Z' }])
  expect((await ask('/api/v1/audit/head')).body).toMatchObject({ seq: 2, mac: 'mac2' })
})
