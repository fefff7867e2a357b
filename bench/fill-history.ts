import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../src/adapters/store/sqlite-store.ts'
import { newId } from '../src/adapters/store/uuid.ts'
import type { AlertRecord } from '../src/domain/alert.ts'
import type { NewAuditEvent } from '../src/domain/audit.ts'
import type { Incident } from '../src/domain/incident.ts'
import { someAttempt, someIncident, someRecord } from '../test/kit/records.ts'

/** Writes the history of many heals into a new store, by Hepar's own store: `fill-history.ts FOLDER EVENTS`. */
const [folder = '', events = ''] = process.argv.slice(2)
const eventsPerHeal = 8
const healsPerCommit = 500
const targets = 5_000
const playbooks = 20
const minuteMs = 60_000

const data = join(folder, 'data')
mkdirSync(data, { recursive: true, mode: 0o700 })
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const clock = { now: () => Date.now() }
const store = await openSqliteStore({
  file: join(data, 'hepar.db'),
  keyFile: join(data, 'audit.key'),
  clock,
  log: silent,
})
const heals = Math.ceil(Number(events) / eventsPerHeal)
const begunAt = Date.now() - heals * 1_000
for (let from = 0; from < heals; from += healsPerCommit) {
  const numbers = Array.from({ length: Math.min(healsPerCommit, heals - from) }, (_, index) => from + index)
  const made = numbers.map((number) => heal(number, begunAt + number * 1_000))
  await store.transaction('fill', async (tx) => {
    await tx.saveAlerts(made.map(({ record }) => record))
    await tx.openIncidents(made.map(({ incident }) => incident))
    await tx.attach(made.map(({ incident, record }) => ({ incident: incident.id, ...nameOf(record) })))
    for (const { attempt } of made) await tx.insertAttempt(attempt)
    await tx.append(made.flatMap(({ told }) => told))
  })
}
const { seq } = await store.read.auditHead()
await store.close()
process.stdout.write(`${JSON.stringify({ events: seq, incidents: heals })}\n`)

function nameOf({ source, fingerprint }: AlertRecord) {
  return { source, fingerprint }
}

/** One alert that fired, was healed and is over, as it is stored and as the log tells it. */
function heal(number: number, at: number) {
  const playbook = `playbook-${number % playbooks}`
  const target = `container/local/service-${number % targets}`
  const [id, attemptId] = [newId(at), newId(at + 5)]
  const fingerprint = createHash('sha256').update(`healed ${number}`).digest('hex').slice(0, 16)
  const record = someRecord({
    fingerprint,
    labels: {
      alertname: 'ContainerUnhealthy',
      host: 'local',
      name: `service-${number % targets}`,
      severity: 'critical',
    },
    annotations: { summary: 'the health check fails' },
    status: 'resolved',
    episode: newId(at),
    startsAt: at - 30_000,
    firstSeenAt: at,
    lastSeenAt: at + minuteMs,
    resolvedAt: at + minuteMs,
    resolvedBy: 'delivery',
    resolvedConfirmed: true,
    playbooks: [playbook],
  })
  const incident: Incident = someIncident({
    id,
    playbook,
    target,
    state: 'closed',
    ending: 'healed',
    reason: 'every check has held for 10s',
    openedAt: at,
    closedAt: at + minuteMs,
    updatedAt: at + minuteMs,
    attempts: 1,
    touched: true,
    dueAt: null,
  })
  const attempt = someAttempt({
    id: attemptId,
    incident: id,
    playbook,
    target,
    phase: 'concluded',
    intendedAt: at + 5,
    deadlineAt: at + minuteMs,
    effectEndedAt: at + 2_000,
    effect: 'done',
    outcome: 'healed',
    concludedAt: at + minuteMs,
  })
  return { record, incident, attempt, told: story(incident, attemptId, record, at) }
}

function story({ id, playbook, target }: Incident, attempt: string, record: AlertRecord, at: number): NewAuditEvent[] {
  const { source, fingerprint, episode } = record
  const event = (
    type: NewAuditEvent['type'],
    afterMs: number,
    body: NewAuditEvent['body'],
    more = {},
  ): NewAuditEvent => ({
    type,
    at: at + afterMs,
    actor: 'engine',
    incident: id,
    playbook,
    target,
    body,
    ...more,
  })
  const counts = { matched: 1, unmatched: 0, duplicate: 0, stale: 0, resolved: 0, rejected: 0 }
  const decided = [
    { fingerprint, alertname: 'ContainerUnhealthy', episode, decision: 'matched', playbooks: [playbook] },
  ]
  const alone = { incident: null, playbook: null, target: null, actor: 'webhook' }
  const gates = ['stop_switch', 'mode', 'freshness', 'target', 'attempt_budget', 'cooldown', 'target_lock']
  const passed = gates.map((gate) => ({ gate, result: 'pass', reason: 'nothing stands against it' }))
  const ofAttempt = { attempt }
  return [
    event('delivery.received', 0, { source, receiver: 'hepar', via: 'webhook', counts, decided, repeats: [] }, alone),
    event('incident.opened', 0, { source, fingerprint, episode, startsAt: record.startsAt, reason: 'new' }),
    event('incident.assessed', 4, { verdict: 'run', step: 0, gates: passed }),
    event('attempt.intended', 5, { action: 'container-restart', plan: { summary: `restart ${target}` } }, ofAttempt),
    event('attempt.effect_ended', 2_000, { action: 'container-restart', effect: 'done', seconds: 1.9 }, ofAttempt),
    event('attempt.probed', 4_000, { checks: [{ check: 'action', passed: true, detail: 'running' }] }, ofAttempt),
    event('attempt.concluded', minuteMs, { action: 'container-restart', outcome: 'healed' }, ofAttempt),
    event('incident.closed', minuteMs, { ending: 'healed', by: 'automation', recoverySeconds: 90 }),
  ]
}
