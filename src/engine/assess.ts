import type { Attempt } from '../domain/attempt.ts'
import type { NewAuditEvent } from '../domain/audit.ts'
import type { GateReport, Verdict } from '../domain/gate.ts'
import type { Incident, Waiting } from '../domain/incident.ts'
import type { JsonObject } from '../domain/json.ts'
import { lowerMode } from '../domain/playbook.ts'
import type { Effects } from './act.ts'
import { closeIncident } from './close.ts'
import { HeparError } from './errors.ts'
import { evaluateGates } from './gates/evaluate.ts'
import type { GateFacts } from './gates/gate.ts'
import { type Assessment, askSources, type GatherPorts, gather, readStored } from './gather.ts'
import type { NewId, PlanOutcome, PolicyHolder, Runner, Store, Tx } from './ports.ts'

export interface AssessPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly effects: Effects
}

/** An oracle's answer older than this is asked for again before the intent. */
const answerAgeMaxMs = 3_000
/** How soon to look again when every place for an effect is taken. */
const effectsFullMs = 500

type Planned = Extract<PlanOutcome, { kind: 'planned' }>

/** Runs the gates over one step and records what they decided; with `run`, commits the intent and starts the effect. */
export async function assess(assessment: Assessment, ports: AssessPorts): Promise<void> {
  const { store, clock, effects } = ports
  if (effects.full()) return postpone(assessment, ports)
  const startedAt = clock.now()
  const stored = await readStored(store.read, assessment, startedAt)
  const gathered = await gather(assessment, stored, ports)
  if (gathered.verdict.verdict !== 'run') {
    await store.transaction('verdict', (tx) => record(tx, assessment, gathered.facts, gathered.verdict, ports))
    return
  }
  const old = clock.now() - startedAt > answerAgeMaxMs && gathered.facts.oracle !== undefined
  const facts = old ? { ...gathered.facts, oracle: await askSources(stored.alerts, ports.sources) } : gathered.facts
  await commitAndStart(assessment, facts, ports)
}

async function commitAndStart(assessment: Assessment, facts: GateFacts, ports: AssessPorts): Promise<void> {
  const action = assessment.policy.actions.find(({ name }) => name === assessment.step.action)
  if (!action) throw new Error(`no plugin named "${assessment.step.action}" is loaded`)
  const runner = await ports.actions.reserve(action)
  let attempt: Attempt | null = null
  try {
    attempt = await ports.store.transaction('intent', (tx) => intend(tx, assessment, facts, runner, ports))
  } finally {
    if (attempt === null) await runner.discard()
  }
  if (attempt) ports.effects.start(attempt, runner)
}

/** The counting gates and the intent in one transaction: what they counted cannot change before it is committed. */
async function intend(
  tx: Tx,
  assessment: Assessment,
  gathered: GateFacts,
  runner: Runner,
  ports: AssessPorts,
): Promise<Attempt | null> {
  const now = ports.clock.now()
  if (ports.policy.current() !== assessment.policy) throw new HeparError('stale_write', 'the policy changed meanwhile')
  const facts: GateFacts = { ...gathered, now, stored: await readStored(tx, assessment, now) }
  const evaluation = evaluateGates(facts)
  if (evaluation.kind === 'gather') throw new Error(`the gates ask for ${evaluation.need} a second time`)
  const { verdict } = evaluation
  if (verdict.verdict !== 'run' || facts.plan?.kind !== 'planned') {
    await record(tx, assessment, facts, verdict, ports)
    return null
  }
  const attempt = newAttempt(assessment, facts.plan, runner, { now, newId: ports.newId })
  const { incident } = assessment
  await tx.insertAttempt(attempt)
  await tx.saveIncident({
    ...incident,
    playbookRevision: assessment.playbook.revision,
    state: 'acting',
    step: incident.step + 1,
    attempts: incident.attempts + 1,
    touched: true,
    waiting: null,
    unconfirmedSince: null,
    updatedAt: now,
    dueAt: attempt.deadlineAt,
  })
  await tx.append([assessedEvent(assessment, facts, verdict), intendedEvent(attempt)])
  return attempt
}

function newAttempt(
  { incident, playbook, step }: Assessment,
  { plan, digest }: Planned,
  runner: Runner,
  { now, newId }: { now: number; newId: NewId },
): Attempt {
  const id = newId(now)
  return {
    id,
    incident: incident.id,
    playbook: playbook.name,
    target: incident.target,
    step: incident.step,
    action: step.action,
    phase: 'acting',
    plan,
    planDigest: digest,
    idempotencyKey: id,
    fence: 1,
    runner: runner.identity,
    intendedAt: now,
    deadlineAt: now + step.timeoutMs,
    effectEndedAt: null,
    effect: null,
    effectDetail: '',
    report: null,
    verifyUntil: null,
    heldSince: null,
    lastRoundAt: null,
    checks: [],
    outcome: null,
    concludedAt: null,
  }
}

/** Writes down a verdict other than `run`: why not, until when, and what would unblock it. */
async function record(
  tx: Tx,
  assessment: Assessment,
  facts: GateFacts,
  { verdict, gates, blockedBy }: Verdict,
  { policy }: Pick<AssessPorts, 'policy'>,
): Promise<void> {
  const { incident, playbook } = assessment
  const { now } = facts
  const assessed = assessedEvent(assessment, facts, { verdict, gates, blockedBy })
  const limits = policy.current().config.limits
  if (verdict === 'refuse' && blockedBy) {
    await tx.append([assessed, waitingEvent(incident, blockedBy, now)])
    await closeIncident(tx, incident, { ending: 'refused', reason: blockedBy.reason, now })
    return
  }
  const waiting = waitingOf(blockedBy, now)
  const changed = !sameBlock(incident.waiting, waiting)
  const resting = verdict === 'would_run' || verdict === 'ask'
  const observed = lowerMode(facts.ceiling, playbook.mode) === 'observe'
  const blockedSince = observed ? null : (incident.blockedSince ?? now)
  const giveUpAt = blockedSince === null ? Number.POSITIVE_INFINITY : blockedSince + playbook.limits.maxWaitMs
  await tx.saveIncident({
    ...incident,
    playbookRevision: playbook.revision,
    state: verdict === 'ask' ? 'awaiting_approval' : 'waiting',
    waiting,
    blockedSince,
    wouldRunRevision: resting ? assessment.policy.revision : null,
    updatedAt: now,
    dueAt: Math.min(waiting?.until ?? now + limits.reconcileEveryMs, giveUpAt),
  })
  if (!changed && !resting) return
  const events: NewAuditEvent[] = [assessed]
  if (blockedBy) events.push(waitingEvent(incident, blockedBy, now))
  if (resting) events.push(restingEvent(assessment, facts, verdict))
  await tx.append(events)
}

async function postpone({ incident, policy }: Assessment, { store, clock }: AssessPorts): Promise<void> {
  const now = clock.now()
  await store.transaction('postpone', async (tx) => {
    const dueAt = now + Math.min(effectsFullMs, policy.config.limits.reconcileEveryMs)
    await tx.saveIncident({ ...incident, dueAt, updatedAt: now })
  })
}

function waitingOf(blockedBy: GateReport | null, now: number): Waiting | null {
  if (blockedBy?.result !== 'block') return null
  const { gate, reason, until, unblock } = blockedBy
  return { gate, reason, until: until === null ? null : Math.max(until, now + 1), unblock }
}

/** The same gate with the same words is one block, however far its numbers have moved on. */
function sameBlock(a: Waiting | null, b: Waiting | null): boolean {
  const words = (waiting: Waiting | null) => `${waiting?.gate}:${waiting?.reason.replace(/(\d+[a-z]*)+/g, '#')}`
  return words(a) === words(b)
}

function planDigestOf({ plan }: GateFacts): string | null {
  return plan?.kind === 'planned' ? plan.digest : null
}

function about(assessment: Assessment) {
  const { incident, playbook } = assessment
  return { actor: 'engine', incident: incident.id, playbook: playbook.name, target: incident.target } as const
}

function assessedEvent(assessment: Assessment, facts: GateFacts, { verdict, gates }: Verdict): NewAuditEvent {
  const body: JsonObject = {
    verdict,
    gates: gates.map((report) => ({ ...report })),
    planDigest: planDigestOf(facts),
    step: assessment.incident.step,
    action: assessment.step.action,
    policyRevision: assessment.policy.revision,
  }
  return { type: 'incident.assessed', at: facts.now, ...about(assessment), body }
}

function waitingEvent(incident: Incident, blockedBy: GateReport, now: number): NewAuditEvent {
  const { gate, reason, facts } = blockedBy
  const until = blockedBy.result === 'block' ? blockedBy.until : null
  const unblock = blockedBy.result === 'block' ? blockedBy.unblock : ''
  const { id, playbook, target } = incident
  return {
    type: 'incident.waiting',
    at: now,
    actor: 'engine',
    incident: id,
    playbook,
    target,
    body: { gate, reason, until, unblock, facts },
  }
}

function restingEvent(assessment: Assessment, facts: GateFacts, verdict: Verdict['verdict']): NewAuditEvent {
  const summary = facts.plan?.kind === 'planned' ? facts.plan.plan.summary : ''
  const { incident, step } = assessment
  return {
    type: verdict === 'ask' ? 'incident.asked' : 'incident.would_run',
    at: facts.now,
    ...about(assessment),
    body: { action: step.action, step: incident.step, planDigest: planDigestOf(facts), summary },
  }
}

function intendedEvent(attempt: Attempt): NewAuditEvent {
  const { id, incident, playbook, target, action, step, planDigest, idempotencyKey, fence, runner, deadlineAt } =
    attempt
  return {
    type: 'attempt.intended',
    at: attempt.intendedAt,
    actor: 'engine',
    incident,
    attempt: id,
    playbook,
    target,
    body: {
      action,
      step,
      planDigest,
      idempotencyKey,
      fence,
      runner: { ...runner },
      deadlineAt,
      plan: attempt.plan.summary,
    },
  }
}
