import { join } from 'node:path'
import type { AlertRecord } from '../../../src/domain/alert.ts'
import type { Attempt } from '../../../src/domain/attempt.ts'
import type { NewAuditEvent } from '../../../src/domain/audit.ts'
import type { Incident } from '../../../src/domain/incident.ts'
import type { OutboxMessage } from '../../../src/domain/message.ts'
import type { Log } from '../../../src/engine/ports.ts'

export const noon = Date.UTC(2026, 0, 2, 12)

export function sampleAlert(changes: Partial<AlertRecord> = {}): AlertRecord {
  return {
    source: 'main',
    fingerprint: 'a1',
    labels: bare({ alertname: 'ContainerUnhealthy', host: 'local' }),
    annotations: bare({ summary: 'web is unhealthy' }),
    groupLabels: bare({ alertname: 'ContainerUnhealthy' }),
    receiver: 'hepar',
    generatorURL: 'http://prometheus/graph',
    status: 'firing',
    episode: 'e1',
    startsAt: noon,
    firstSeenAt: noon + 1,
    lastSeenAt: noon + 2,
    resolvedAt: null,
    resolvedBy: null,
    resolvedConfirmed: false,
    decision: 'matched',
    reason: 'matches container-unhealthy',
    playbooks: ['container-unhealthy'],
    rulesRevision: 'r1',
    ...changes,
  }
}

export function sampleIncident(changes: Partial<Incident> = {}): Incident {
  return {
    id: 'i1',
    playbook: 'container-unhealthy',
    playbookRevision: 'p1',
    target: 'container/local/web',
    state: 'open',
    ending: null,
    reason: 'opened',
    openedAt: noon,
    illSince: noon,
    acceptedAt: noon,
    startsAt: noon - 5,
    closedAt: null,
    updatedAt: noon,
    step: 0,
    ladder: null,
    attempts: 0,
    touched: false,
    reopenings: 0,
    handedOverAt: null,
    toldAt: null,
    waiting: { gate: 'cooldown', reason: 'too early', until: noon + 9, unblock: 'time' },
    blockedSince: null,
    wouldRunRevision: null,
    holdUntil: null,
    cancelRequestedBy: null,
    human: false,
    unconfirmedSince: null,
    owed: null,
    dueAt: noon,
    version: 1,
    manual: null,
    ...changes,
  }
}

export function sampleAttempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    id: 't1',
    incident: 'i1',
    playbook: 'container-unhealthy',
    target: 'container/local/web',
    step: 0,
    stepKey: 'container-restart',
    action: 'container-restart',
    phase: 'acting',
    plan: {
      action: 'container-restart',
      target: 'container/local/web',
      params: { grace: 10_000 },
      pin: { id: 'f'.repeat(64) },
      summary: 'restart web',
      data: {},
      evidence: { exitCode: 137 },
    },
    planDigest: 'd1',
    idempotencyKey: 'k1',
    idempotent: false,
    holdMs: null,
    inForce: false,
    reverts: null,
    fence: 1,
    runner: { pid: 4321, startTicks: '99', bootId: 'b', marker: 'm' },
    illSince: noon,
    intendedAt: noon,
    deadlineAt: noon + 60_000,
    effectEndedAt: null,
    effect: null,
    effectDetail: '',
    report: null,
    verifyUntil: null,
    heldSince: null,
    lastRoundAt: null,
    checks: [],
    before: null,
    outcome: null,
    concludedAt: null,
    ...changes,
  }
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
