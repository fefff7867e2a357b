import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { createAuditMetrics } from '../../../src/adapters/telemetry/audit-metrics.ts'
import { createMetrics } from '../../../src/adapters/telemetry/metrics.ts'
import { registerStoreGauges } from '../../../src/adapters/telemetry/store-gauges.ts'
import type { AuditEvent, NewAuditEvent } from '../../../src/domain/audit.ts'
import { credits, incidentStates } from '../../../src/domain/incident.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import { chained, config, now } from '../../http/fake-parts.ts'

type Playbooks = Policy['playbooks']

function policyWith(...names: string[]): Policy {
  const steps = [{ kind: 'action', action: 'container-restart' }]
  const playbooks = names.map((name) => ({ name, steps })) as unknown as Playbooks
  const actions = [{ name: 'container-restart' }] as unknown as Policy['actions']
  return { revision: 'p1', loadedAt: now, config: config(), playbooks, actions }
}

function world(...playbooks: string[]) {
  const metrics = createMetrics({ version: '1.2.3', nodeVersion: 'v24.0.0' })
  const state = {
    broken: false,
    paused: false,
    effects: [] as readonly { action: string; target: string }[],
    demotions: [] as readonly object[],
  }
  const guarded = async <T>(value: T) => {
    if (state.broken) throw new Error('gone')
    return value
  }
  const counts = Object.fromEntries(incidentStates.map((name, index) => [name, index]))
  registerStoreGauges({
    registry: metrics.registry,
    queue: { depth: () => guarded({ count: 3, oldestSeconds: 1.5 }) },
    clock: { now: () => now },
    windows: () => [],
    policy: { current: () => policyWith(...playbooks) },
    services: () => ['shop', 'till'].map((name) => ({ name, mirror: null })),
    store: {
      size: () => ({ liveBytes: 4_096, freeBytes: 8_192 }),
      health: () => (state.broken ? { ok: false, reason: 'gone' } : { ok: true, reason: null }),
      read: {
        audit: () => guarded([{ at: 7_000 }]),
        effectsInForce: () => guarded(state.effects),
        demotions: () => guarded(state.demotions),
        incidentCounts: () => guarded(counts),
        pauses: () => guarded([]),
        pause: () => guarded(state.paused ? { reason: 'r', by: 'b', since: 0, until: now + 1 } : null),
      } as never,
    },
  })
  const listen = createAuditMetrics(metrics, { current: () => policyWith(...playbooks) })
  const hear = (...events: Omit<NewAuditEvent, 'at' | 'actor'>[]) =>
    listen(chained(events.map((event) => ({ at: now, actor: 'engine', ...event }))) as AuditEvent[])
  const lines = async () => (await metrics.registry.metrics()).split('\n')
  return { metrics, state, hear, lines }
}

test('every event of a healed incident is counted where the contract says', async () => {
  const { hear, lines } = world('sick')
  const of = { playbook: 'sick', incident: 'i1' }
  hear(
    { type: 'config.loaded', body: { revision: 'p1' } },
    { type: 'delivery.received', body: { counts: { matched: 2, duplicate: 48 } } },
    { type: 'incident.waiting', ...of, body: { gate: 'cooldown' } },
    { type: 'attempt.effect_ended', ...of, body: { action: 'container-restart', seconds: 3 } },
    { type: 'attempt.concluded', ...of, body: { action: 'container-restart', outcome: 'healed' } },
    {
      type: 'incident.closed',
      ...of,
      body: { ending: 'healed', by: 'automation', recoverySeconds: 42, phases: { act: 3, verify: 20 } },
    },
  )
  const text = await lines()
  for (const line of [
    'hepar_build_info{version="1.2.3",node_version="v24.0.0"} 1',
    'hepar_alerts_total{decision="matched"} 2',
    'hepar_alerts_total{decision="duplicate"} 48',
    'hepar_alerts_total{decision="stale"} 0',
    'hepar_gate_blocks_total{gate="cooldown"} 1',
    'hepar_action_duration_seconds_sum{action="container-restart"} 3',
    'hepar_attempts_total{playbook="sick",action="container-restart",outcome="healed"} 1',
    'hepar_attempts_total{playbook="sick",action="container-restart",outcome="failed"} 0',
    'hepar_incidents_closed_total{playbook="sick",ending="healed"} 1',
    'hepar_incidents_closed_total{playbook="sick",ending="escalated"} 0',
    'hepar_recovery_seconds_sum{playbook="sick",by="automation"} 42',
    'hepar_recovery_seconds_count{playbook="sick",by="automation"} 1',
    'hepar_recovery_seconds_count{playbook="sick",by="human"} 0',
    'hepar_phase_seconds_sum{phase="verify",by="automation"} 20',
    'hepar_phase_seconds_count{phase="accept",by="automation"} 0',
    'hepar_phase_seconds_count{phase="verify",by="human"} 0',
    'hepar_mode{mode="observe"} 1',
    'hepar_mode{mode="auto"} 0',
    'hepar_audit_events_total{type="incident.closed"} 1',
    'hepar_audit_events_total{type="pause.set"} 0',
    'hepar_config_last_reload_successful 1',
    `hepar_config_last_reload_success_timestamp_seconds ${now / 1_000}`,
    'hepar_queue_depth 3',
    'hepar_queue_oldest_seconds 1.5',
    'hepar_paused 0',
    'hepar_pauses{kind="window"} 0',
    'hepar_store_up 1',
    'hepar_incidents{state="open"} 0',
    'hepar_incidents{state="closed"} 7',
  ]) {
    expect(text).toContain(line)
  }
})

test('everything that can be counted begins at 0, so that Prometheus sees its first increase', async () => {
  const { hear, lines } = world('sick')
  hear({ type: 'config.loaded', body: {} })
  const text = await lines()
  for (const playbook of ['sick', 'manual']) {
    expect(text).toContain(`hepar_incidents_closed_total{playbook="${playbook}",ending="healed"} 0`)
    expect(text).toContain(`hepar_attempts_total{playbook="${playbook}",action="container-restart",outcome="healed"} 0`)
    for (const by of credits)
      expect(text).toContain(`hepar_recovery_seconds_count{playbook="${playbook}",by="${by}"} 0`)
  }
  expect(text).toContain('hepar_action_duration_seconds_count{action="container-restart"} 0')
})

test('loading the configuration again forgets nothing, whatever was counted before the first time', async () => {
  const { hear, lines } = world('sick')
  const closed = { type: 'incident.closed', playbook: 'sick', body: { by: 'human', recoverySeconds: 7 } } as const
  const ended = { type: 'attempt.effect_ended', body: { action: 'container-restart', seconds: 2 } } as const
  const loaded = { type: 'config.loaded', body: {} } as const
  hear(closed, ended, loaded, closed, ended, loaded)
  const text = await lines()
  expect(text).toContain('hepar_recovery_seconds_sum{playbook="sick",by="human"} 14')
  expect(text).toContain('hepar_action_duration_seconds_sum{action="container-restart"} 4')
})

test('an incident without a recovery has no parts of one', async () => {
  const { hear, lines } = world('sick')
  const phases = { accept: 1, decide: 5 }
  hear(
    {
      type: 'incident.closed',
      playbook: 'sick',
      body: { ending: 'refused', by: 'self', recoverySeconds: null, phases },
    },
    { type: 'incident.closed', playbook: 'sick', body: { ending: 'healed', by: 'self', recoverySeconds: 6, phases } },
  )
  const text = await lines()
  expect(text).toContain('hepar_recovery_seconds_sum{playbook="sick",by="self"} 6')
  expect(text).toContain('hepar_phase_seconds_sum{phase="accept",by="self"} 1')
  expect(text).toContain('hepar_phase_seconds_sum{phase="decide",by="self"} 5')
})

test('a refused configuration shows, and the time of the last good one stays', async () => {
  const { hear, lines } = world()
  hear({ type: 'config.loaded', body: {} }, { type: 'config.refused', body: { problems: [] } })
  const text = await lines()
  expect(text).toContain('hepar_config_last_reload_successful 0')
  expect(text).toContain(`hepar_config_last_reload_success_timestamp_seconds ${now / 1_000}`)
})

test('a final refusal counts the gate that blocked', async () => {
  const { hear, lines } = world()
  const gates = [
    { gate: 'stop_switch', result: 'pass' },
    { gate: 'target', result: 'block' },
  ]
  hear(
    { type: 'incident.assessed', body: { verdict: 'refuse', gates } },
    { type: 'incident.assessed', body: { verdict: 'wait', gates } },
  )
  expect(await lines()).toContain('hepar_gate_blocks_total{gate="target"} 1')
})

test('what no file on disk names becomes "other", however much of it arrives', async () => {
  const { hear, lines } = world('sick')
  for (let index = 0; index < 2_000; index += 1) {
    hear(
      {
        type: 'incident.closed',
        playbook: `made-up-${index}`,
        body: { ending: `e${index}`, by: 'x', recoverySeconds: 1 },
      },
      { type: 'attempt.concluded', playbook: 'manual', body: { action: `a${index}`, outcome: `o${index}` } },
      { type: 'incident.waiting', body: { gate: `g${index}` } },
    )
  }
  const text = await lines()
  expect(text).toContain('hepar_incidents_closed_total{playbook="other",ending="other"} 2000')
  expect(text).toContain('hepar_attempts_total{playbook="manual",action="other",outcome="other"} 2000')
  expect(text).toContain('hepar_gate_blocks_total{gate="other"} 2000')
  expect(text.length).toBeLessThan(1_000)
})

test('events with erased or odd bodies are counted without harm', async () => {
  const { hear, lines } = world('sick')
  hear(
    { type: 'incident.closed', playbook: 'sick', body: null as never },
    { type: 'incident.assessed', body: { verdict: 'refuse', gates: 'odd' } },
    { type: 'delivery.received', body: { counts: [1] } },
    { type: 'attempt.effect_ended', body: { seconds: -1 } },
  )
  expect(await lines()).toContain('hepar_audit_events_total{type="incident.closed"} 1')
})

test('gauges that cannot be read are absent, and hepar_store_up says why', async () => {
  const { state, lines } = world()
  await lines()
  state.broken = true
  const text = (await lines()).filter((line) => !line.startsWith('#'))
  expect(text).toContain('hepar_store_up 0')
  expect(text.filter((line) => /^hepar_(?:queue|paused|incidents[{])/.test(line))).toEqual([])
})

test('the stop switch shows until it expires', async () => {
  const { state, lines } = world()
  state.paused = true
  expect(await lines()).toContain('hepar_paused 1')
})

test('promtool finds nothing to complain about', async () => {
  const { metrics, hear } = world('sick')
  hear({ type: 'config.loaded', body: {} })
  const text = await metrics.registry.metrics()
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  expect(checked.error, 'promtool is part of the Debian package "prometheus"').toBeUndefined()
  expect(checked.stdout + checked.stderr).toBe('')
  expect(checked.status).toBe(0)
})

test('a service of the configuration is in safe mode while that effect is in force, and unknown while the store is away', async () => {
  const { state, lines } = world()
  const gauges = async () => (await lines()).filter((line) => line.startsWith('hepar_safe_mode'))
  state.effects = [
    { action: 'safe-mode', target: 'service/shop' },
    { action: 'other', target: 'service/till' },
    { action: 'safe-mode', target: 'service/unlisted' },
  ]
  expect(await gauges()).toEqual(['hepar_safe_mode{service="shop"} 1', 'hepar_safe_mode{service="till"} 0'])
  state.broken = true
  expect(await gauges()).toEqual([])
})
