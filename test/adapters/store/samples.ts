import { join } from 'node:path'
import type { AlertRecord } from '../../../src/domain/alert.ts'
import type { Attempt } from '../../../src/domain/attempt.ts'
import type { NewAuditEvent } from '../../../src/domain/audit.ts'
import type { Incident } from '../../../src/domain/incident.ts'
import type { OutboxMessage } from '../../../src/domain/message.ts'
import type { Log } from '../../../src/engine/ports.ts'
import { someAttempt, someIncident, someRecord } from '../../kit/records.ts'

export const noon = Date.UTC(2026, 0, 2, 12)

export function sampleAlert(changes: Partial<AlertRecord> = {}): AlertRecord {
  return someRecord({
    fingerprint: 'a1',
    labels: bare({ alertname: 'ContainerUnhealthy', host: 'local' }),
    annotations: bare({ summary: 'web is unhealthy' }),
    groupLabels: bare({ alertname: 'ContainerUnhealthy' }),
    generatorURL: 'http://prometheus/graph',
    startsAt: noon,
    firstSeenAt: noon + 1,
    lastSeenAt: noon + 2,
    reason: 'matches container-unhealthy',
    playbooks: ['container-unhealthy'],
    ...changes,
  })
}

export function sampleIncident(changes: Partial<Incident> = {}): Incident {
  return someIncident({
    playbook: 'container-unhealthy',
    reason: 'opened',
    openedAt: noon,
    illSince: noon,
    acceptedAt: noon,
    startsAt: noon - 5,
    updatedAt: noon,
    waiting: { gate: 'cooldown', reason: 'too early', until: noon + 9, unblock: 'time' },
    dueAt: noon,
    version: 1,
    ...changes,
  })
}

export function sampleAttempt(changes: Partial<Attempt> = {}): Attempt {
  return someAttempt({
    id: 't1',
    playbook: 'container-unhealthy',
    plan: {
      action: 'container-restart',
      target: 'container/local/web',
      params: { grace: 10_000 },
      pin: { id: 'f'.repeat(64) },
      summary: 'restart web',
      data: {},
      evidence: { exitCode: 137 },
    },
    idempotencyKey: 'k1',
    runner: { pid: 4321, startTicks: '99', bootId: 'b', marker: 'm' },
    illSince: noon,
    intendedAt: noon,
    deadlineAt: noon + 60_000,
    ...changes,
  })
}

export function sampleMessage(changes: Partial<OutboxMessage> = {}): OutboxMessage {
  return {
    id: 'm1',
    dedupeKey: 'i1:handed_over',
    incident: 'i1',
    channel: 'oncall',
    body: { text: 'help' },
    createdAt: noon,
    tries: 0,
    nextAt: noon,
    sentAt: null,
    gaveUpAt: null,
    lastError: null,
    receipt: null,
    ...changes,
  }
}

export function sampleEvent(changes: Partial<NewAuditEvent> = {}): NewAuditEvent {
  return { type: 'alert.changed', at: noon, actor: 'engine', body: { decision: 'matched' }, ...changes }
}

/** A label map as the parser makes it: without prototype. */
export function bare(labels: Record<string, string>): Record<string, string> {
  return Object.assign(Object.create(null), labels)
}

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

export interface Place {
  readonly file: string
  readonly keyFile: string
}

export function placeIn(folder: string): Place {
  return { file: join(folder, 'hepar.db'), keyFile: join(folder, 'audit.key') }
}
