import type { ActionInfo, Risk } from '../../domain/action.ts'
import { formatAgeMs } from '../../domain/duration.ts'
import type { Incident } from '../../domain/incident.ts'
import type { ActionStep, Playbook, Step } from '../../domain/playbook.ts'
import type { Trial } from '../../domain/trial.ts'
import { stepKeyOf, type TrackRecord } from './track-record.ts'

/** A step that is not tried, and why. */
export interface SkippedStep {
  /** Index into the playbook's steps. */
  readonly step: number
  readonly action: string
  readonly reason: string
}

/** Which steps of its playbook an incident is to try, and what that was decided on. */
export interface LadderChoice {
  readonly order: readonly number[]
  readonly skipped: readonly SkippedStep[]
  /** Of every step that evidence could have moved; empty where the file decides. */
  readonly records: readonly (TrackRecord & { readonly step: number })[]
}

type Placed = Pick<Incident, 'ladder'>
type Laddered = Pick<Playbook, 'steps' | 'revision'>

/** Indexes into the playbook's steps, in the order in which this incident tries them. A ladder of another file says nothing. */
export function orderOf({ ladder }: Placed, { steps, revision }: Laddered): readonly number[] {
  return ladder?.revision === revision ? ladder.order : steps.map((_, index) => index)
}

/** The step to try next, with its index in the playbook; `null` when none is left. */
export function stepAt(
  incident: Placed & Pick<Incident, 'step'>,
  playbook: Laddered,
): { readonly index: number; readonly step: Step } | null {
  const index = orderOf(incident, playbook)[incident.step]
  const step = index === undefined ? undefined : playbook.steps[index]
  return index === undefined || step === undefined ? null : { index, step }
}

/** The place of one of the playbook's steps in the incident's ladder. */
export function placeOf(incident: Placed, playbook: Laddered | null, index: number): number {
  const place = playbook === null ? -1 : orderOf(incident, playbook).indexOf(index)
  return place === -1 ? index : place
}

/** Whether the ladder is yet to be chosen: nothing of this illness has been tried, and the ladder is not fixed for this file. */
export function isUndecided({ step, ladder, manual }: Incident, { revision }: Pick<Playbook, 'revision'>): boolean {
  return manual === null && step === 0 && ladder?.revision !== revision
}

/** What a ladder is chosen from. `trials` are those on the very target, newest first. */
export interface ChoiceFacts {
  readonly playbook: Playbook
  readonly actions: readonly ActionInfo[]
  readonly trials: readonly Trial[]
  /** Of the action steps before the first escalation, where the playbook asks for evidence. */
  readonly records: LadderChoice['records']
  readonly now: number
}

/** Leaves out what was tried on the target a short while ago and did not help, and orders the rest. `null` when the file's own ladder stands. */
export function chooseLadder({ playbook, actions, trials, records, now }: ChoiceFacts): LadderChoice | null {
  const skipped = playbook.steps.flatMap((step, index): SkippedStep[] => {
    if (step.kind === 'escalate') return []
    const reason = whySkipped(step, playbook, trials, now)
    return reason === null ? [] : [{ step: index, action: step.action, reason }]
  })
  const evident = playbook.order === 'evidence'
  if (skipped.length === 0 && !evident) return null
  const ordered = evident ? byEvidence(playbook.steps, actions, records) : playbook.steps.map((_, index) => index)
  const left = (index: number) => !skipped.some(({ step }) => step === index)
  return { order: ordered.filter(left), skipped, records }
}

/** Only the last try of a step counts: what has healed since may heal again. */
function whySkipped(
  step: ActionStep,
  { limits: { retryAfterMs } }: Playbook,
  trials: readonly Trial[],
  now: number,
): string | null {
  const key = stepKeyOf(step)
  const last = trials.find((trial) => trial.step === key && trial.at > now - retryAfterMs)
  if (last === undefined) return null
  const ago = `${formatAgeMs(Math.max(0, now - last.at))} ago`
  if (last.outcome === 'ineffective') return `it was tried on this target ${ago} and did not help`
  return last.relapsed ? `it healed this target ${ago} only for a moment` : null
}

const risks: readonly Risk[] = ['read', 'reversible', 'destructive']

/** The action steps before the first escalation, those first that most surely heal; none is moved ahead of one with less risk. Pure. */
export function byEvidence(
  steps: readonly Step[],
  actions: readonly Pick<ActionInfo, 'name' | 'risk'>[],
  records: LadderChoice['records'],
): readonly number[] {
  const end = steps.findIndex(({ kind }) => kind === 'escalate')
  const movable = steps.map((_, index) => index).slice(0, end === -1 ? steps.length : end)
  const bound = (index: number) => records.find(({ step }) => step === index)?.lowerBound ?? 0
  const riskOf = (index: number) => {
    const step = steps[index]
    const info = step?.kind === 'action' ? actions.find(({ name }) => name === step.action) : undefined
    return info === undefined ? risks.length : risks.indexOf(info.risk)
  }
  const order: number[] = []
  for (let left = movable; left.length > 0; left = left.filter((index) => !order.includes(index))) {
    const free = left.filter((index) => left.every((other) => other >= index || riskOf(other) >= riskOf(index)))
    order.push(free.reduce((best, index) => (bound(index) > bound(best) ? index : best)))
  }
  return [...order, ...steps.map((_, index) => index).slice(movable.length)]
}
