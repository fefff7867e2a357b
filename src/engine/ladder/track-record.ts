import type { ActionStep, Playbook } from '../../domain/playbook.ts'
import { successRate } from '../../domain/success-rate.ts'
import { parseTarget } from '../../domain/target.ts'
import { type Trial, trialsKeptMs } from '../../domain/trial.ts'
import { digestOf } from '../digest.ts'
import type { Reads } from '../ports.ts'

/** What became of the attempts of one step. Shares lie between 0 and 1. */
export interface TrackRecord {
  readonly action: string
  readonly stepKey: string
  /** Targets like the one asked about, or `null` where there were too few of them: then any target of the playbook. */
  readonly targetClass: string | null
  /** Attempts that began and ended, within 90 days; of one class at most the newest 500. */
  readonly attempts: number
  readonly healed: number
  readonly ineffective: number
  readonly failed: number
  readonly unknown: number
  readonly unverified: number
  /** Healed, and ill again within the playbook's `reopenWithin`. */
  readonly relapsed: number
  /** Acted though the positive probes passed just before, and of how many attempts they were asked. */
  readonly falsePositives: number
  readonly asked: number
  /** Targets that recovered before anything was tried. */
  readonly selfRecovered: number
  /** Between which the true share of attempts lies that heal for good, with 95 % confidence. */
  readonly lowerBound: number
  readonly upperBound: number
}

/** Fewer attempts on targets of the same class say less than all of them together. */
const classAttemptsMin = 5
const rowsMax = 2_000

/** What a step is: its action, and the parameters as they are written. Where it stands in the ladder does not matter. */
export function stepKeyOf({ action, with: params }: Pick<ActionStep, 'action' | 'with'>): string {
  return `${action}@${digestOf(params).slice(0, 8)}`
}

/**
 * Targets that are expected to behave alike: the same kind and name, whatever the host, with every number as any other. So
 * `container/h7/web-2` is of the class `container/web-#`.
 */
export function classOf(target: string): string {
  const reading = parseTarget(target)
  if (!reading.ok) return ''
  const { kind, name } = reading.target
  return `${kind}/${name.replace(/^\//, '').replace(/\d+/g, '#')}`
}

/** What Hepar knows of one step of a playbook on targets like this one. */
export async function trackRecordOf(
  read: Pick<Reads, 'trials'>,
  {
    playbook,
    step,
    target,
  }: { readonly playbook: Pick<Playbook, 'name'>; readonly step: ActionStep; readonly target: string },
  now: number,
): Promise<TrackRecord> {
  const key = stepKeyOf(step)
  const targetClass = classOf(target)
  const about = { playbook: playbook.name, since: now - trialsKeptMs, limit: rowsMax }
  // What was tried before parameters were kept is known by its action alone.
  const tried = await read.trials({ ...about, steps: [key, step.action] })
  const alike = tried.filter((trial) => trial.targetClass === targetClass)
  const enough = alike.length >= classAttemptsMin
  const recovered = await read.trials({ ...about, steps: [''], ...(enough && { targetClass }) })
  const record = summarise(enough ? alike : tried, { action: step.action, stepKey: key })
  return { ...record, targetClass: enough ? targetClass : null, selfRecovered: recovered.length }
}

/** Sums trials of one step up. Pure. */
export function summarise(
  trials: readonly Trial[],
  about: Pick<TrackRecord, 'action' | 'stepKey'>,
): Omit<TrackRecord, 'targetClass' | 'selfRecovered'> {
  const count = (fits: (trial: Trial) => boolean) => trials.filter(fits).length
  const healed = count(({ outcome }) => outcome === 'healed')
  const relapsed = count(({ relapsed }) => relapsed)
  const { lower, upper } = successRate(healed - relapsed, trials.length)
  return {
    ...about,
    attempts: trials.length,
    healed,
    ineffective: count(({ outcome }) => outcome === 'ineffective'),
    failed: count(({ outcome }) => outcome === 'failed'),
    unknown: count(({ outcome }) => outcome === 'unknown'),
    unverified: count(({ outcome }) => outcome === 'unverified'),
    relapsed,
    falsePositives: count(({ wellBefore }) => wellBefore === true),
    asked: count(({ wellBefore }) => wellBefore !== null),
    lowerBound: lower,
    upperBound: upper,
  }
}
