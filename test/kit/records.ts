import type { Alert, AlertRecord } from '../../src/domain/alert.ts'
import { type Approval, noApprovalRules } from '../../src/domain/approval.ts'
import type { Attempt } from '../../src/domain/attempt.ts'
import { defaultLimits } from '../../src/domain/config.ts'
import type { Incident } from '../../src/domain/incident.ts'
import type { Playbook } from '../../src/domain/playbook.ts'
import type { Facts } from '../../src/engine/next.ts'
import type { OracleAnswer } from '../../src/engine/ports.ts'
import { openIncident } from '../../src/engine/receive/attach.ts'

/** Plain records for tests of pure functions. Times are small numbers of milliseconds, so that they read well. */
export function someAlert(more: Partial<Alert> = {}): Alert {
  return {
    fingerprint: 'f1',
    status: 'firing',
    labels: { alertname: 'Ill', host: 'local', name: 'web' },
    annotations: {},
    startsAt: 1_000,
    endsAt: null,
    generatorURL: '',
    ...more,
  }
}

export function someRecord(more: Partial<AlertRecord> = {}): AlertRecord {
  const { fingerprint, labels, annotations, startsAt } = someAlert()
  return {
    source: 'main',
    fingerprint,
    labels,
    annotations,
    groupLabels: {},
    receiver: 'hepar',
    generatorURL: '',
    status: 'firing',
    episode: 'e1',
    startsAt,
    firstSeenAt: 1_000,
    lastSeenAt: 1_000,
    resolvedAt: null,
    resolvedBy: null,
    resolvedConfirmed: false,
    decision: 'matched',
    reason: '',
    playbooks: ['restart'],
    rulesRevision: 'r1',
    ...more,
  }
}

export function somePlaybook(more: Partial<Playbook> = {}): Playbook {
  return {
    name: 'restart',
    file: 'rules/restart.yaml',
    revision: 'p1',
    summary: '',
    priority: 0,
    when: { all: [] },
    target: [],
    dependsOn: [],
    mode: 'auto',
    continue: false,
    settleMs: 0,
    steps: [
      {
        kind: 'action',
        action: 'container-restart',
        with: { kind: 'literal', value: {} },
        timeoutMs: 60_000,
        holdMs: null,
        on: { ineffective: 'next', failed: 'next', unknown: 'escalate' },
      },
      { kind: 'escalate', channel: 'oncall' },
    ],
    verify: [{ kind: 'cleared' }],
    forMs: 10_000,
    withinMs: 120_000,
    order: 'written',
    silence: false,
    limits: {
      cooldownMs: 300_000,
      attempts: [{ count: 3, windowMs: 3_600_000 }],
      rate: [],
      maxWaitMs: 900_000,
      blastRadius: null,
      activeHours: null,
      retryAfterMs: 0,
      demoteAfter: null,
      yieldForMs: 120_000,
    },
    reopenWithinMs: 600_000,
    approval: noApprovalRules,
    ...more,
  }
}

export function someIncident(more: Partial<Incident> = {}): Incident {
  const destination = { playbook: somePlaybook(), target: 'container/local/web' }
  return { ...openIncident(destination, someRecord(), 'i1', 1_000), ...more }
}

export function someAttempt(more: Partial<Attempt> = {}): Attempt {
  return {
    id: 'a1',
    incident: 'i1',
    playbook: 'restart',
    target: 'container/local/web',
    step: 0,
    stepKey: 'container-restart',
    action: 'container-restart',
    phase: 'acting',
    plan: {
      action: 'container-restart',
      target: 'container/local/web',
      params: {},
      pin: { id: 'abc' },
      summary: 'restart web',
      data: {},
      evidence: {},
    },
    planDigest: 'd1',
    idempotencyKey: 'a1',
    idempotent: false,
    holdMs: null,
    inForce: false,
    reverts: null,
    fence: 1,
    runner: { pid: 1, startTicks: '1', bootId: 'b', marker: 'm' },
    illSince: 1_000,
    intendedAt: 2_000,
    deadlineAt: 62_000,
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
    ...more,
  }
}

export function someApproval(more: Partial<Approval> = {}): Approval {
  const { data: _, ...plan } = someAttempt().plan
  return {
    id: 'ask1',
    incident: 'i1',
    playbook: 'restart',
    target: 'container/local/web',
    attempt: 1,
    step: 0,
    planDigest: 'd1',
    playbookRevision: 'p1',
    policyRevision: 'r1',
    plan,
    gates: [],
    pastSuccess: null,
    channels: ['oncall'],
    needed: 1,
    requestedBy: null,
    since: 2_000,
    askedAt: 2_000,
    expiresAt: 902_000,
    state: 'pending',
    endorsements: [],
    decidedBy: null,
    decidedAt: null,
    reason: '',
    usedBy: null,
    ...more,
  }
}

/** An oracle that was asked and knows the alert as firing. */
export function someAnswer(
  more: Partial<Extract<OracleAnswer, { kind: 'answered' }>> = {},
): Extract<OracleAnswer, { kind: 'answered' }> {
  return {
    kind: 'answered',
    firing: true,
    silencedBy: [],
    healingSilences: [],
    inhibitedBy: [],
    rule: null,
    detail: '',
    ...more,
  }
}

export function someFacts(more: Partial<Facts> = {}): Facts {
  return {
    incident: someIncident(),
    playbook: somePlaybook(),
    ceiling: 'auto',
    policyRevision: 'r1',
    alerts: [someRecord()],
    stillMatched: true,
    attempt: null,
    effect: null,
    approval: null,
    restored: false,
    pausing: { pauses: [], windows: [] },
    running: false,
    choice: null,
    limits: defaultLimits,
    ...more,
  }
}
