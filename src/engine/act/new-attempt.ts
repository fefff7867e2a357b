import type { Attempt, CheckResult } from '../../domain/attempt.ts'
import type { Assessment } from '../facts/assessment.ts'
import { holdMsOf } from '../facts/temporary.ts'
import { stepKeyOf } from '../ladder/track-record.ts'
import type { PlanOutcome, Runner } from '../ports.ts'

/** Attempts that may carry one idempotency key. */
const startsPerKeyMax = 2

type Planned = Extract<PlanOutcome, { kind: 'planned' }>

/** The attempt as it is committed with its intent. `earlier` are the attempts its incident has made, `before` what was seen before it. */
export function newAttempt(
  assessment: Assessment,
  { plan, digest }: Planned,
  runner: Runner,
  {
    now,
    id,
    earlier,
    before = null,
  }: { now: number; id: string; earlier: readonly Attempt[]; before?: readonly CheckResult[] | null },
): Attempt {
  const { incident, playbook, step, stepIndex, policy } = assessment
  const holdMs = holdMsOf(step, policy.actions)
  const always = policy.actions.some((action) => action.name === step.action && action.idempotent)
  const idempotent = always || plan.idempotent === true
  return {
    id,
    incident: incident.id,
    playbook: playbook.name,
    target: incident.target,
    step: stepIndex,
    stepKey: stepKeyOf(step),
    action: step.action,
    plan,
    planDigest: digest,
    idempotencyKey: (idempotent && interruptedKey(earlier, stepIndex)) || id,
    idempotent,
    holdMs,
    inForce: holdMs !== null,
    reverts: null,
    runner: runner.identity,
    illSince: incident.illSince,
    intendedAt: now,
    deadlineAt: now + step.timeoutMs,
    ...untried,
    before,
  }
}

/** The attempt that takes an effect back: of the same plan, as long at most, and with one key however often it is tried. */
export function newRevert(effect: Attempt, runner: Runner, { now, id }: { now: number; id: string }): Attempt {
  return {
    ...effect,
    id,
    plan: { ...effect.plan, summary: `take back: ${effect.plan.summary}` },
    idempotencyKey: `revert:${effect.id}`,
    idempotent: true,
    holdMs: null,
    inForce: false,
    reverts: effect.id,
    runner: runner.identity,
    intendedAt: now,
    deadlineAt: now + effect.deadlineAt - effect.intendedAt,
    ...untried,
  }
}

const untried = {
  phase: 'acting',
  fence: 1,
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
} as const satisfies Partial<Attempt>

/** The key of the attempt that this one repeats: the last of the same step, if nobody knows how that ended. */
function interruptedKey(earlier: readonly Attempt[], step: number): string | null {
  const last = earlier.at(-1)
  return last?.step === step && last.outcome === 'unknown' && mayStartAgain(last, earlier) ? last.idempotencyKey : null
}

/**
 * Only what declares itself idempotent is started again after its end went unseen: with the same key, and once. A temporary effect
 * is taken back instead.
 */
export function mayStartAgain(attempt: Attempt, attempts: readonly Attempt[]): boolean {
  const { idempotent, idempotencyKey, holdMs, reverts } = attempt
  if (!idempotent || holdMs !== null || reverts !== null) return false
  return attempts.filter((other) => other.idempotencyKey === idempotencyKey).length < startsPerKeyMax
}
