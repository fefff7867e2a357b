import type { Attempt, CheckResult } from '../../domain/attempt.ts'
import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Limits } from '../../domain/config.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook } from '../../domain/playbook.ts'
import { playbookOf } from '../../domain/policy.ts'
import { closeIncident } from '../end/close.ts'
import { HeparError } from '../errors.ts'
import type { Checkpoint, Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { judge } from '../prove/judge.ts'
import { alertsOfIllness } from '../prove/present-illness.ts'
import { type ProvePorts, prove, type Round } from '../prove/prove.ts'
import { type Pace, resumed } from '../prove/watched.ts'
import { type Concluding, concludeUnhealed, endAttempt } from './conclude.ts'
import { hold } from './hold.ts'

export interface VerifyPorts extends ProvePorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly checkpoint: Checkpoint
}

const defaultForMs = 10_000

/** One round of verification: look at everything, then write down what it means. */
export async function verifyRound(attempt: Attempt, incident: Incident, ports: VerifyPorts): Promise<void> {
  const policy = ports.policy.current()
  const playbook = playbookOf(incident, policy)
  const alerts = await alertsOfIllness(ports.store.read, incident)
  const begunAt = ports.clock.now()
  const pace = paceOf(policy.config.limits)
  const round = await prove({ attempt: resumed(attempt, begunAt, pace), incident, playbook, alerts, policy }, ports)
  await ports.checkpoint('verify:before')
  await ports.store.transaction('verify', (tx) => recordRound(tx, attempt, { ...round, begunAt }, playbook, ports))
}

/** Rounds further apart than this have left something unseen between them. */
function paceOf({ probeEveryMs }: Limits): Pace {
  return { probeEveryMs, roundGapMaxMs: Math.max(5 * probeEveryMs, 15_000) }
}

async function recordRound(
  tx: Tx,
  looked: Attempt,
  round: Round & { readonly begunAt: number },
  playbook: Playbook | null,
  { clock, newId, policy }: VerifyPorts,
): Promise<void> {
  const now = clock.now()
  const stored = await tx.attempt(looked.id)
  const incident = await tx.incident(looked.incident)
  if (incident === null || stored?.fence !== looked.fence) {
    throw new HeparError('stale_write', 'the attempt moved on while it was looked at')
  }
  const { limits, announce } = policy.current().config
  const pace = paceOf(limits)
  const { probeEveryMs, roundGapMaxMs } = pace
  const attempt = resumed(stored, round.begunAt, pace)
  const at: At = { now, newId, announce }
  const forMs = playbook?.forMs ?? defaultForMs
  const judged = judge(attempt, round.checks, { now, forMs, roundGapMaxMs })
  const heldSince = judged.kind === 'hold' || judged.kind === 'proven' ? judged.heldSince : null
  const seen: Attempt = { ...attempt, checks: round.checks, lastRoundAt: now, heldSince }
  if (judged.kind !== 'hold' || changed(attempt.checks, round.checks)) await tx.append([probedEvent(seen, now)])
  const subject = { incident, attempt: seen, playbook }
  if (judged.kind === 'hold') {
    await tx.saveAttempt(seen)
    await tx.saveIncident({ ...incident, state: 'verifying', updatedAt: now, dueAt: now + probeEveryMs })
  } else if (judged.kind === 'proven') {
    await concludeHealed(tx, subject, round, at)
  } else if (judged.kind === 'cleared_without_proof') {
    await tx.saveAlerts(round.cleared)
    await concludeCleared(tx, subject, at)
  } else {
    await concludeUnproven(tx, subject, judged.reason, at)
  }
}

type At = { readonly now: number; readonly newId: NewId; readonly announce: readonly string[] }

/** Proof closes the incident; an effect whose end nobody saw stays `unknown` all the same. */
async function concludeHealed(tx: Tx, subject: Concluding, round: Round, { now, newId }: At): Promise<void> {
  const proof = round.checks.filter(({ positive }) => positive).map(({ check }) => check)
  const reason = `proven by ${proof.join(', ')}`
  const outcome = subject.attempt.effect === 'unknown' ? 'unknown' : 'healed'
  await tx.saveAlerts(round.cleared)
  if (subject.attempt.inForce) return hold(tx, subject, { outcome, reason, now })
  await endAttempt(tx, subject, { outcome, reason, now })
  const ending = subject.attempt.reverts === null ? 'healed' : 'mitigated'
  await closeIncident(tx, subject.incident, { ending, reason, now, newId })
}

/** Every check passed, but none of them looked at the target itself. */
async function concludeCleared(tx: Tx, subject: Concluding, at: At): Promise<void> {
  const { incident, attempt } = subject
  const reason = 'the alert cleared, but no probe looked at the target'
  const fires = (await tx.alertsOf(incident.id)).some(({ status }) => status === 'firing')
  if (attempt.inForce && attempt.effect === 'done' && !fires) {
    return hold(tx, subject, { outcome: 'unverified', reason, now: at.now })
  }
  return concludeUnproven(tx, subject, reason, at)
}

async function concludeUnproven(tx: Tx, subject: Concluding, reason: string, at: At): Promise<void> {
  const { now } = at
  const { incident, attempt } = subject
  if (attempt.effect === 'unknown') {
    const unseen = `${attempt.effectDetail}; ${reason}`
    await concludeUnhealed(tx, subject, { ...at, outcome: 'unknown', reason: unseen })
    return
  }
  // A manual heal has no alert that could say that it is over; what carried it until the revert was enough.
  const wanted = incident.manual !== null && attempt.reverts === null
  const ill = wanted || (await tx.alertsOf(incident.id)).some(({ status }) => status === 'firing')
  if (ill) {
    await concludeUnhealed(tx, subject, { ...at, outcome: 'ineffective', reason })
    return
  }
  if (attempt.inForce) {
    await concludeUnhealed(tx, subject, { ...at, outcome: 'ineffective', reason })
    return
  }
  await endAttempt(tx, subject, { outcome: 'unverified', reason, now })
  await closeIncident(tx, incident, { ending: 'unverified', reason, now, newId: at.newId })
}

function probedEvent(attempt: Attempt, now: number): NewAuditEvent {
  const { id, incident, playbook, target, checks } = attempt
  const passed = checks.every((check) => check.passed)
  return {
    type: 'attempt.probed',
    at: now,
    actor: 'engine',
    incident,
    attempt: id,
    playbook,
    target,
    body: { passed, checks: checks.map((check) => ({ ...check })) },
  }
}

function changed(before: readonly CheckResult[], after: readonly CheckResult[]): boolean {
  const words = (checks: readonly CheckResult[]) => checks.map(({ check, passed }) => `${check}=${passed}`).join('|')
  return words(before) !== words(after)
}
