import type { AlertRecord, Decision, Delivery } from '../../src/domain/alert.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { Attempt } from '../../src/domain/attempt.ts'
import type { AuditEvent, NewAuditEvent } from '../../src/domain/audit.ts'
import { type Config, defaultLimits, type Role, type Source, type Token } from '../../src/domain/config.ts'
import type { Incident, IncidentState } from '../../src/domain/incident.ts'
import type { Pause, ScopedPause } from '../../src/domain/pause.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { secret } from '../../src/domain/secret.ts'
import { noStorm, type StormRecord } from '../../src/domain/storm.ts'
import type { AuthFailure, StoredToken } from '../../src/domain/token.ts'
import type { Demotion, Trial } from '../../src/domain/trial.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { HeparError } from '../../src/engine/errors.ts'
import type { Log, Reads } from '../../src/engine/ports.ts'
import type { HttpParts, ReloadReport } from '../../src/http/parts.ts'
import { someIncident } from '../kit/records.ts'

export const now = Date.parse('2030-01-02T03:04:05Z')

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export function token(role: Role, name: string = role): Token {
  return { name, role, token: secret(`${name}-token`) }
}

export function source(name: string, ...urls: string[]): Source {
  return { name, alertmanagers: urls.map((url) => ({ url, headers: {} })), prometheus: null }
}

export function config(changes: Partial<Config> = {}): Config {
  return {
    file: '/etc/hepar/hepar.yaml',
    listen: { host: '127.0.0.1', port: 0 },
    dataFolder: '/nowhere',
    store: { kind: 'sqlite', file: '/nowhere/hepar.db' },
    mode: 'observe',
    rules: [],
    plugins: [],
    pins: {},
    tls: null,
    watchFiles: false,
    sources: [],
    redis: [],
    docker: {
      hosts: [],
      hostLabel: 'instance',
      allow: [],
      protect: [],
      exporter: { enabled: false, containersMax: 10, include: [] },
    },
    paths: [],
    services: [],
    http: { allow: [] },
    auth: { tokens: [] },
    notify: [],
    announce: [],
    maintenance: [],
    externalUrl: null,
    approval: { fourEyes: false },
    policies: [],
    limits: defaultLimits,
    retention: { auditMs: null, bytesMax: 10e9 },
    log: { level: 'info' },
    ...changes,
  }
}

export function incident(id: string, changes: Partial<Incident> = {}): Incident {
  return someIncident({
    id,
    playbook: 'container-unhealthy',
    playbookRevision: 'r1',
    reason: 'the alert fires',
    openedAt: now,
    illSince: now,
    acceptedAt: now,
    startsAt: now,
    updatedAt: now,
    dueAt: now,
    version: 1,
    ...changes,
  })
}

export interface FakeWorld {
  readonly parts: HttpParts
  readonly received: { delivery: Delivery; by: string }[]
  readonly asked: { verb: string; by: string; more: unknown }[]
  readonly deliveries: { code: number; seconds: number }[]
  incidents: Incident[]
  alerts: AlertRecord[]
  attempts: Attempt[]
  approvals: Approval[]
  events: AuditEvent[]
  trials: Trial[]
  demotions: Demotion[]
  pause: Pause | null
  storm: StormRecord
  pauses: readonly ScopedPause[]
  tokens: StoredToken[]
  readonly failures: AuthFailure[]
  phase: 'starting' | 'running' | 'stopping'
  storeProblem: string | null
  reloadReport: ReloadReport
  /** Thrown by `receive` and by every read, when set. */
  failure: Error | null
  /** `receive` does not resolve before it. */
  commit: Promise<void>
}

export function chained(events: readonly NewAuditEvent[]): AuditEvent[] {
  return events.map((event, index) => ({
    incident: null,
    attempt: null,
    playbook: null,
    target: null,
    ...event,
    seq: index + 1,
    digest: '',
    keyId: 'k1',
    mac: `mac${index + 1}`,
  }))
}

export function fakeWorld(changes: Partial<Config> = {}): FakeWorld {
  const policy: Policy = { revision: 'p1', loadedAt: now, config: config(changes), playbooks: [], actions: [] }
  const world: Omit<FakeWorld, 'parts'> = {
    received: [],
    asked: [],
    deliveries: [],
    incidents: [],
    alerts: [],
    attempts: [],
    approvals: [],
    events: [],
    trials: [],
    demotions: [],
    pause: null,
    storm: noStorm,
    pauses: [],
    tokens: [],
    failures: [],
    phase: 'running',
    storeProblem: null,
    reloadReport: { ok: false, problems: [] },
    failure: null,
    commit: Promise.resolve(),
  }
  const parts: HttpParts = {
    engine: fakeEngine(world),
    read: fakeReads(world),
    policy: { current: () => policy },
    brokenActions: () => [{ name: 'odd', file: '/plugins/odd.ts', reason: 'no default export' }],
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      scrape: async () => 'hepar_build_info 1\n',
      countAuthFailure: (reason) => void world.failures.push(reason),
      observeDelivery: (code, seconds) => void world.deliveries.push({ code, seconds }),
    },
    reload: async ({ dryRun, by }) => {
      world.asked.push({ verb: 'reload', by, more: dryRun })
      return world.reloadReport
    },
    log: silentLog,
    clock: { now: () => now },
    tokens: {
      all: () => world.tokens,
      create: async () => {
        throw new HeparError('conflict', 'the store makes tokens')
      },
      revoke: async (name) => {
        throw new HeparError('not_found', `there is no token "${name}" in force`)
      },
    },
    health: { phase: () => world.phase, storeProblem: () => world.storeProblem },
    version: '1.2.3',
    whisper: async (channel, to) => void world.asked.push({ verb: 'whisper', by: channel, more: to }),
  }
  return Object.assign(world, { parts })
}

export function someDemotion(changes: Partial<Demotion> = {}): Demotion {
  return {
    playbook: 'restart',
    revision: 'r1',
    step: 'container-restart@1',
    action: 'container-restart',
    targetClass: 'container/web-#',
    reason: 'container-restart failed its verification 3 times in a row on container/web-#',
    since: now - 60_000,
    liftedAt: null,
    ...changes,
  }
}

function fakeEngine(world: Omit<FakeWorld, 'parts'>): Engine {
  const move = (id: string, state: IncidentState): Incident => {
    const found = world.incidents.find((row) => row.id === id)
    if (found === undefined) throw new HeparError('not_found', 'there is no such incident')
    if (found.state === 'closed') throw new HeparError('conflict', 'it is closed already')
    return { ...found, state }
  }
  return {
    receive: async (delivery, by) => {
      if (world.failure) throw world.failure
      world.received.push({ delivery, by })
      await world.commit
      return delivery.alerts.map(
        (parsed): Decision =>
          parsed.ok
            ? { fingerprint: parsed.alert.fingerprint, decision: 'matched', reason: 'it matches', playbooks: ['p'] }
            : {
                fingerprint: parsed.problem.fingerprint,
                decision: 'rejected',
                reason: parsed.problem.reason,
                playbooks: [],
              },
      )
    },
    explain: async () => ({ policyRevision: 'p1', alerts: [] }),
    cancel: async (id, by, reason) => {
      world.asked.push({ verb: 'cancel', by, more: reason })
      return move(id, 'closed')
    },
    resume: async (id, by, reason) => {
      world.asked.push({ verb: 'resume', by, more: reason })
      return move(id, 'open')
    },
    decideApproval: async (request) => {
      world.asked.push({ verb: request.decision, by: request.by, more: request })
      const approval = world.approvals.find(({ state }) => state === 'pending')
      if (approval === undefined) throw new HeparError('conflict', 'operator:ada has approved it already')
      return { incident: move(request.incident, 'awaiting_approval'), approval }
    },
    heal: async (request) => {
      world.asked.push({ verb: 'heal', by: request.by, more: request })
      if (request.action === 'unknown') throw new HeparError('invalid', 'there is no action "unknown"')
      return incident('manual-1', { playbook: 'manual', target: request.target })
    },
    promote: async (playbook, by, reason) => {
      world.asked.push({ verb: 'promote', by, more: reason })
      if (playbook !== 'restart') throw new HeparError('not_found', `there is no playbook ${playbook}`)
      return someDemotion({ liftedAt: now })
    },
    testChannel: async (channel, by) => {
      world.asked.push({ verb: 'test', by, more: channel })
      if (channel === 'down') return { ok: false, retry: true, reason: 'nobody listens' }
      if (channel !== 'oncall') throw new HeparError('not_found', `no channel "${channel}": there is oncall`)
      return { ok: true }
    },
    setPause: async (pause, by) => {
      world.pause = pause && { ...pause, by, since: now }
      return world.pause
    },
    releaseStorm: async (by, reason) => {
      if (world.storm.storm === null) throw new HeparError('conflict', 'there is no storm that could be released')
      world.asked.push({ verb: 'release', by, more: reason })
      world.storm = noStorm
      return noStorm
    },
    placePause: async (wanted, by) => {
      const pause = { ...wanted, id: `pause-${world.pauses.length + 1}`, by, since: now, from: wanted.from ?? now }
      world.pauses = [...world.pauses, pause]
      return pause
    },
    liftPause: async (id) => {
      const pause = world.pauses.find((row) => row.id === id)
      if (pause === undefined) throw new HeparError('not_found', `there is no pause ${id}`)
      world.pauses = world.pauses.filter((row) => row !== pause)
      return pause
    },
    preview: async () => ({ active: 0, willMatch: 0, willOpen: 0 }),
    adopt: async () => {},
    recover: async () => {},
    start: () => {},
    stop: async () => {},
  }
}

function fakeReads(world: Omit<FakeWorld, 'parts'>): Reads {
  const guarded = <T>(value: () => T) => {
    if (world.failure) throw world.failure
    return value()
  }
  const unused = async (): Promise<never> => {
    throw new Error('HTTP does not read this')
  }
  return {
    alerts: unused,
    latestIncident: unused,
    latestIncidents: unused,
    openIncidentsOf: unused,
    openIncidentsOn: unused,
    waitingAt: unused,
    pauses: async () => guarded(() => world.pauses),
    lanes: unused,
    dueFrom: unused,
    attemptsBegun: unused,
    actionsOn: unused,
    effectsSince: unused,
    leftAlone: unused,
    due: unused,
    nextDueAt: unused,
    attempt: unused,
    activeAttempts: unused,
    holder: unused,
    effectOn: async (target) =>
      guarded(() => world.attempts.find((row) => row.inForce && row.target === target) ?? null),
    effectsInForce: unused,
    trials: async () => guarded(() => world.trials),
    demotion: async () => guarded(() => world.demotions[0] ?? null),
    demotions: async () => guarded(() => world.demotions),
    ownEffect: unused,
    attemptHistory: unused,
    outboxDue: unused,
    told: unused,
    channelsToldOf: unused,
    gaps: unused,
    tokens: unused,
    copy: unused,
    remainders: unused,
    unwellBesides: unused,
    arrivalAt: async () => null,
    arrivals: async () => ({ incidents: 0, playbooks: [], targets: [] }),
    stormRecord: async () => guarded(() => world.storm),
    incidentCounts: unused,
    firingAlerts: async ({ after, limit }) =>
      guarded(() => {
        const end = (after ?? 0) + limit
        return { records: world.alerts.slice(after ?? 0, end), next: world.alerts.length > end ? end : null }
      }),
    alertsOf: async () => world.alerts,
    incident: async (id) => guarded(() => world.incidents.find((row) => row.id === id) ?? null),
    incidents: async (filter) =>
      guarded(() =>
        world.incidents
          .filter((row) => filter.states === undefined || filter.states.includes(row.state))
          .filter((row) => filter.before === undefined || row.id < filter.before)
          .toSorted((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, filter.limit),
      ),
    attemptsOf: async () => world.attempts,
    liveApproval: async () => world.approvals.find(({ state }) => state === 'pending') ?? null,
    approvalsOf: async () => world.approvals,
    pause: async () => guarded(() => world.pause),
    audit: async ({ incident: id, types, after = 0, limit }) =>
      guarded(() =>
        world.events
          .filter((event) => event.seq > after)
          .filter((event) => id === undefined || event.incident === id)
          .filter((event) => types === undefined || types.includes(event.type))
          .slice(0, limit),
      ),
    auditHead: async () => ({ seq: world.events.length, mac: world.events.at(-1)?.mac ?? '', at: now }),
  }
}
