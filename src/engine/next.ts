import type { AlertRecord } from '../domain/alert.ts'
import type { Approval } from '../domain/approval.ts'
import type { Attempt } from '../domain/attempt.ts'
import type { Limits } from '../domain/config.ts'
import { formatDurationMs } from '../domain/duration.ts'
import type { Ending, Incident, Waiting } from '../domain/incident.ts'
import { relapseIsNewsMs } from '../domain/left-alone.ts'
import { channelOf, lowerMode, type Mode, type Playbook, type Step } from '../domain/playbook.ts'
import { maintenanceOver, type PauseInForce, type Pausing } from './facts/pauses.ts'
import { carries } from './facts/temporary.ts'
import { type LadderChoice, stepAt } from './ladder/ladder.ts'

/** Everything `next` decides on, read from one snapshot. */
export interface Facts {
  readonly incident: Incident
  /** The playbook in force, or `null` when its file is gone. */
  readonly playbook: Playbook | null
  readonly ceiling: Mode
  readonly policyRevision: string
  readonly alerts: readonly AlertRecord[]
  /** True when a firing alert still leads from this playbook to this target under the rules in force. */
  readonly stillMatched: boolean
  /** The attempt that is not concluded, if any. */
  readonly attempt: Attempt | null
  /** Its temporary effect that is in force while no attempt is under way, if any. */
  readonly effect: EffectInForce | null
  /** What the ladder is to be before its first step is looked at; `null` when it stands. */
  readonly choice: LadderChoice | null
  /** What people are asked, or have approved and nobody has acted on. */
  readonly approval: Approval | null
  /** True until an operator has confirmed that a restored store may act. */
  readonly restored: boolean
  /** What may hold a hand-over back: windows of maintenance. */
  readonly pausing: Pausing
  /** True when this process is carrying that attempt's effect out right now. */
  readonly running: boolean
  readonly limits: Limits
}

/** A temporary effect in force, and what taking it back has come to. */
export interface EffectInForce {
  readonly attempt: Attempt
  /** Reverts tried so far, and when the last of them ended (epoch milliseconds). */
  readonly tries: number
  readonly triedAt: number | null
  /** True while the attempt of another incident holds the target. */
  readonly held: boolean
  /** False while the plugin that could take it back is not loaded. */
  readonly loaded: boolean
}

export type Command =
  | { readonly do: 'wait'; readonly until: number; readonly reason: string; readonly waiting?: Waiting }
  | { readonly do: 'confirm' }
  | { readonly do: 'choose_ladder'; readonly choice: LadderChoice }
  | { readonly do: 'assess'; readonly step: number; readonly action: Extract<Step, { kind: 'action' }> }
  | { readonly do: 'declare_unknown'; readonly attempt: Attempt }
  | { readonly do: 'verify'; readonly attempt: Attempt }
  | { readonly do: 'revert'; readonly attempt: Attempt }
  | { readonly do: 'hand_over'; readonly channel: string | null; readonly reason: string }
  | { readonly do: 'close'; readonly ending: Ending; readonly reason: string }
  | { readonly do: 'rest' }

/** A running effect reports by itself; past its deadline by this much, something is wrong enough to look. */
const overdueMs = 10_000
/** Reverts that may fail before a human is told; they are tried on all the same. */
const revertTriesMax = 5
const revertPauseMs = 2_000
const revertPauseMaxMs = 600_000

/** The one decision of the engine: what this incident needs now. Pure, so asking twice does no harm. */
export function next(facts: Facts, now: number): Command {
  const { pausing, incident, limits } = facts
  const maintenance = maintenanceOver(pausing, incident, now)
  const command = decide({ ...facts, maintenance }, now)
  return command.do === 'hand_over' && maintenance !== null
    ? heldBack(command.reason, maintenance, limits, now)
    : command
}

/** The hand-over waits; when the maintenance is over, everything is looked at anew. */
function heldBack(why: string, { id, until }: PauseInForce, limits: Limits, now: number): Command {
  const reason = `the maintenance "${id}" holds the hand-over back: ${why}`
  const unblock = 'wait until the maintenance is over'
  const lookAt = Math.min(until ?? Infinity, now + limits.reconcileEveryMs)
  return { do: 'wait', until: lookAt, reason, waiting: { gate: 'pauses', reason, until, unblock } }
}

/** With the maintenance that holds hand-overs back now, if any. */
type FactsNow = Facts & { readonly maintenance: PauseInForce | null }

function decide(facts: FactsNow, now: number): Command {
  const { incident, attempt, effect } = facts
  if (incident.state === 'closed') return { do: 'rest' }
  if (attempt) return nextOfAttempt(attempt, facts, now)
  const { owed } = incident.cancelRequestedBy ? { owed: null } : incident
  if (owed && facts.maintenance === null) return { do: 'hand_over', ...owed }
  if (effect) return nextOfEffect(effect, facts, now)
  if (incident.cancelRequestedBy) {
    return { do: 'close', ending: 'cancelled', reason: `cancelled by ${incident.cancelRequestedBy}` }
  }
  if (owed) return { do: 'hand_over', ...owed }
  return nextWhenQuiet(facts, now)
}

function nextOfAttempt(attempt: Attempt, { running, limits }: Facts, now: number): Command {
  if (attempt.phase === 'acting') {
    if (!running) return { do: 'declare_unknown', attempt }
    return { do: 'wait', until: Math.max(attempt.deadlineAt, now) + overdueMs, reason: 'the effect is running' }
  }
  const { lastRoundAt } = attempt
  // A round that is still to come was made before the clock was set back.
  const dueAt = lastRoundAt === null || lastRoundAt > now ? now : lastRoundAt + limits.probeEveryMs
  if (dueAt > now) return { do: 'wait', until: dueAt, reason: 'between two rounds of verification' }
  return { do: 'verify', attempt }
}

/** A temporary effect is held while it carries, then taken back before anything else: the next step, a human, or the end. */
function nextOfEffect(
  effect: EffectInForce,
  { incident, playbook, alerts, limits, restored, maintenance }: FactsNow,
  now: number,
): Command {
  const { attempt, tries, held, loaded } = effect
  if (incident.holdUntil !== null && incident.holdUntil > now && carries(incident, attempt, alerts)) {
    return { do: 'wait', until: incident.holdUntil, reason: 'a temporary effect carries it' }
  }
  // What cannot be said now must not keep the next try waiting.
  const untold = incident.state === 'holding' && maintenance === null
  const obstacle = loaded ? `${tries} reverts failed` : `no plugin named "${attempt.action}" is loaded`
  if (untold && (!loaded || tries >= revertTriesMax)) {
    const reason = `the temporary effect of ${attempt.action} is still in force: ${obstacle}`
    return { do: 'hand_over', channel: channelOf(playbook), reason }
  }
  if (!loaded || held) return idle(now, limits, loaded ? 'another attempt holds the target' : obstacle)
  // It may have been taken back since the backup, and another have taken its place.
  if (restored) return idle(now, limits, 'the store was restored: an operator confirms first')
  // An operator who resumes it expects a try, not the rest of a pause.
  const tryAt = incident.state === 'open' || effect.triedAt === null ? now : effect.triedAt + pauseAfter(tries)
  if (tryAt > now) return { do: 'wait', until: tryAt, reason: 'between two tries to take a temporary effect back' }
  return { do: 'revert', attempt }
}

function pauseAfter(tries: number): number {
  return Math.min(revertPauseMs * 2 ** (tries - 1), revertPauseMaxMs)
}

function nextWhenQuiet(facts: FactsNow, now: number): Command {
  const { incident, playbook, alerts } = facts
  const ill = incident.manual !== null || alerts.some(({ status }) => status === 'firing')
  if (!ill) return nextWhenCleared(facts, now)
  if (incident.state === 'handed_over') return nextWithPerson(facts, now)
  if (playbook === null) return withoutPlaybook(incident, 'its playbook is no longer loaded')
  if (!facts.stillMatched) return withoutPlaybook(incident, 'its alerts no longer lead to this playbook and target')
  const settledAt = incident.illSince + playbook.settleMs
  if (settledAt > now)
    return { do: 'wait', until: settledAt, reason: `settling for ${formatDurationMs(playbook.settleMs)}` }
  return nextStep(facts, playbook, now)
}

/** Who was told that it ended, and of the relapse nothing, must not go on believing so while it stays ill. */
function nextWithPerson({ incident, playbook, ceiling, limits, stillMatched }: FactsNow, now: number): Command {
  const { toldAt, acceptedAt, reason } = incident
  const untold = toldAt !== null && toldAt < acceptedAt && now - acceptedAt >= relapseIsNewsMs
  const observed = playbook === null || lowerMode(ceiling, playbook.mode) === 'observe'
  if (!untold || observed || !stillMatched) return idle(now, limits, 'a human has it')
  const since = formatDurationMs(relapseIsNewsMs)
  return { do: 'hand_over', channel: channelOf(playbook), reason: `ill for more than ${since} again: ${reason}` }
}

function nextStep(facts: FactsNow, playbook: Playbook, now: number): Command {
  const { incident, ceiling, policyRevision, approval, limits, maintenance, choice } = facts
  if (choice !== null) return { do: 'choose_ladder', choice }
  const place = stepAt(incident, playbook)
  const skipped = incident.step === 0 && incident.ladder !== null
  const before = skipped ? 'every step was tried on this target a short while ago and did not help' : null
  if (place === null) return handOver(incident, before ?? 'every step of the ladder has been tried')
  const { step, index } = place
  if (step.kind === 'escalate') {
    return { do: 'hand_over', channel: step.channel, reason: (index > 0 && before) || 'the ladder says so' }
  }
  const observed = lowerMode(ceiling, playbook.mode) === 'observe'
  const resting = incident.wouldRunRevision === policyRevision
  if (observed && resting) return idle(now, limits, 'observed: what would run is recorded')
  // While people are asked, or have agreed, their time is the only one that counts.
  if (!observed && approval !== null) {
    if (approval.expiresAt > now) return { do: 'assess', step: index, action: step }
    return handOver(incident, `nobody decided in ${formatDurationMs(approval.expiresAt - approval.since)}`, playbook)
  }
  const giveUpAt = incident.blockedSince === null ? null : incident.blockedSince + playbook.limits.maxWaitMs
  // What is only observed pages nobody, however long a gate blocks it.
  if (!observed && maintenance === null && giveUpAt !== null && giveUpAt <= now) {
    const waited = formatDurationMs(playbook.limits.maxWaitMs)
    return handOver(incident, `waited longer than ${waited}: ${incident.waiting?.reason ?? 'blocked'}`, playbook)
  }
  return { do: 'assess', step: index, action: step }
}

/** The alerts say that it is over. Believe it once a source has confirmed it, or after asking for long enough. */
function nextWhenCleared({ incident, alerts, limits }: Facts, now: number): Command {
  const confirmed = alerts.every(({ resolvedConfirmed }) => resolvedConfirmed)
  const giveUpAt = incident.unconfirmedSince === null ? null : incident.unconfirmedSince + limits.confirmWithinMs
  if (!confirmed && (giveUpAt === null || giveUpAt > now)) return { do: 'confirm' }
  const doubt = confirmed ? '' : ', though no source could confirm it'
  const close = (ending: Ending, reason: string): Command => ({ do: 'close', ending, reason: reason + doubt })
  if (incident.handedOverAt !== null) return close('escalated', 'cleared after a hand-over')
  if (incident.touched) return close('unverified', 'cleared after an effect, without proof that the effect healed it')
  if (confirmed) return close('self_recovered', 'cleared before any effect')
  return close('cancelled', 'resolved before any effect')
}

function withoutPlaybook(incident: Incident, reason: string): Command {
  return incident.touched ? handOver(incident, reason) : { do: 'close', ending: 'cancelled', reason }
}

/** A manual heal has its human already: it ends instead of being handed over. */
function handOver(incident: Incident, reason: string, playbook?: Playbook): Command {
  if (incident.manual) return { do: 'close', ending: incident.touched ? 'unverified' : 'cancelled', reason }
  return { do: 'hand_over', channel: channelOf(playbook ?? null), reason }
}

function idle(now: number, limits: Limits, reason: string): Command {
  return { do: 'wait', until: now + limits.reconcileEveryMs, reason }
}
