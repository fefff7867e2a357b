import type { Attempt } from '../domain/attempt.ts'
import type { Assessment } from './gather.ts'
import type { PlanOutcome, Runner } from './ports.ts'

/** Attempts that may carry one idempotency key. */
const startsPerKeyMax = 2

type Planned = Extract<PlanOutcome, { kind: 'planned' }>

/** The attempt as it is committed with its intent. `earlier` are the attempts its incident has made. */
export function newAttempt(
  { incident, playbook, step, policy }: Assessment,
  { plan, digest }: Planned,
  runner: Runner,
  { now, id, earlier }: { now: number; id: string; earlier: readonly Attempt[] },
): Attempt {
  const always = policy.actions.some((action) => action.name === step.action && action.idempotent)
  const idempotent = always || plan.idempotent === true
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
    idempotencyKey: (idempotent && interruptedKey(earlier, incident.step)) || id,
    idempotent,
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

/** The key of the attempt that this one repeats: the last of the same step, if nobody knows how that ended. */
function interruptedKey(earlier: readonly Attempt[], step: number): string | null {
  const last = earlier.at(-1)
  return last?.step === step && last.outcome === 'unknown' && mayStartAgain(last, earlier) ? last.idempotencyKey : null
}

/** Only what declares itself idempotent is started again after its end went unseen: with the same key, and once. */
export function mayStartAgain({ idempotent, idempotencyKey }: Attempt, attempts: readonly Attempt[]): boolean {
  return idempotent && attempts.filter((other) => other.idempotencyKey === idempotencyKey).length < startsPerKeyMax
}
