import { type Attempt, objectsOf } from '../../domain/attempt.ts'
import { playbookOf } from '../../domain/policy.ts'
import { hasCode, messageOf } from '../errors.ts'
import type { Checkpoint, Clock, EffectResult, Log, NewId, PolicyHolder, Runner, Store, Tx } from '../ports.ts'
import { createPace, type Pace } from '../turns/pace.ts'
import { createPlaces, type Places } from '../turns/places.ts'
import { concludeUnhealed } from './conclude.ts'
import { recordReverted } from './record-reverted.ts'

export interface ActPorts {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly log: Log
  readonly checkpoint: Checkpoint
}

/** The effects this process is carrying out. They live outside every reconcile. */
export interface Effects {
  /** Its place was taken before. */
  start(attempt: Attempt, runner: Runner): void
  readonly places: Places
  isRunning(attempt: string): boolean
  /** Of those that waited for a pause, a window or a dependency to end. */
  readonly pace: Pace
  /** From now on none may begin; those that run are ended after the grace. */
  stop(graceMs: number): void
  stopping(): boolean
  /** Resolves when none runs any more and every result is recorded. */
  settle(): Promise<void>
}

const recordAgainMs = 250

export function createEffects(
  ports: ActPorts,
  onRecorded: () => void,
  onCall: (incident: string) => boolean = () => true,
): Effects {
  const places = createPlaces({
    max: () => ports.policy.current().config.limits.effectsMax,
    now: ports.clock.now,
    onCall,
  })
  const running = new Map<string, Promise<void>>()
  const graceOver = new AbortController()
  let grace: NodeJS.Timeout | null = null
  return {
    places,
    start(attempt, runner) {
      const done = carryOut(attempt, runner, graceOver.signal, ports)
        .catch((error) =>
          ports.log.error({ attempt: attempt.id, error: messageOf(error) }, 'an effect could not be recorded'),
        )
        .finally(() => {
          running.delete(attempt.id)
          places.leave()
          onRecorded()
        })
      running.set(attempt.id, done)
    },
    isRunning: (attempt) => running.has(attempt),
    pace: createPace(),
    stop(graceMs) {
      grace ??= setTimeout(() => graceOver.abort(), graceMs)
    },
    stopping: () => grace !== null,
    async settle() {
      await Promise.all(running.values())
      if (grace !== null) clearTimeout(grace)
    },
  }
}

async function carryOut(attempt: Attempt, runner: Runner, signal: AbortSignal, ports: ActPorts): Promise<void> {
  await ports.checkpoint('effect:before')
  const action = ports.policy.current().actions.find(({ name }) => name === attempt.action)
  const { plan, idempotencyKey, intendedAt, deadlineAt } = attempt
  let result: EffectResult
  const verb = attempt.reverts === null ? 'run' : 'revert'
  if (action) result = await runner.run({ verb, action, plan, idempotencyKey, intendedAt, deadlineAt, signal })
  else {
    await runner.discard()
    result = { kind: 'not_started', reason: 'the plugin was unloaded' }
  }
  await ports.checkpoint('effect:after')
  for (;;) {
    try {
      await ports.store.transaction('result', (tx) => recordResult(tx, attempt, result, ports))
      return
    } catch (error) {
      // A result must not be lost to a full disk: it is kept until it can be written or the process ends.
      if (!hasCode(error, 'store_unavailable') || signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, recordAgainMs))
    }
  }
}

/** Writes down how an effect ended. A result from an older start, or for a concluded attempt, changes nothing. */
export async function recordResult(
  tx: Tx,
  started: Pick<Attempt, 'id' | 'fence'>,
  result: EffectResult,
  { clock, newId, policy }: Pick<ActPorts, 'clock' | 'newId' | 'policy'>,
): Promise<void> {
  const now = clock.now()
  const attempt = await tx.attempt(started.id)
  if (attempt === null || attempt.phase !== 'acting' || attempt.fence !== started.fence) return
  const incident = await tx.incident(attempt.incident)
  if (incident === null) throw new Error(`attempt ${attempt.id} has no incident`)
  const playbook = playbookOf(incident, policy.current())
  const detail = result.kind === 'done' ? '' : result.reason
  const ended: Attempt = {
    ...attempt,
    effect: result.kind,
    effectDetail: detail,
    effectEndedAt: now,
    report: result.kind === 'done' ? result.report : null,
    inForce: attempt.inForce && result.kind !== 'not_started',
  }
  await tx.append([
    {
      type: 'attempt.effect_ended',
      at: now,
      actor: 'engine',
      incident: incident.id,
      attempt: attempt.id,
      playbook: attempt.playbook,
      target: attempt.target,
      body: {
        action: attempt.action,
        effect: result.kind,
        detail,
        seconds: (now - attempt.intendedAt) / 1000,
        report: ended.report,
        ...(attempt.reverts !== null && { reverts: attempt.reverts }),
      },
    },
  ])
  if (result.kind !== 'not_started') {
    // One that nobody saw the end of may go on until its deadline.
    const endedAt = result.kind === 'unknown' ? Math.max(now, attempt.deadlineAt) : now
    const own = { attempt: attempt.id, beganAt: attempt.intendedAt, endedAt }
    await tx.saveOwnEffects(objectsOf(attempt.plan).map((object) => ({ object, ...own })))
  }
  if (attempt.reverts !== null) {
    if ((await recordReverted(tx, { incident, attempt: ended, playbook }, result, now)) === 'concluded') return
  } else if (result.kind === 'not_started' || result.kind === 'failed') {
    const outcome = result.kind === 'failed' ? 'failed' : 'cancelled'
    const begun = outcome === 'failed' ? { ...incident, blockedSince: null } : incident
    const { announce } = policy.current().config
    await concludeUnhealed(
      tx,
      { incident: begun, attempt: ended, playbook },
      { outcome, reason: detail, now, newId, announce },
    )
    return
  }
  await tx.saveAttempt({ ...ended, phase: 'verifying', verifyUntil: now + (playbook?.withinMs ?? defaultWithinMs) })
  await tx.saveIncident({ ...incident, state: 'verifying', blockedSince: null, updatedAt: now, dueAt: now })
}

/** The verification window of an attempt whose playbook file vanished meanwhile. */
const defaultWithinMs = 120_000
