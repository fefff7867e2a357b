import { lowerMode, type Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import { type StormFacts, type TrialEnd, trialEnd } from '../../domain/storm.ts'
import type { Reads } from '../ports.ts'
import type { ArrivalFilter } from './mass-ports.ts'

/**
 * Which incidents count: not those that a person asked for, nor those of playbooks that only observe and so change nothing and call
 * nobody. A ladder that begins with an escalation calls people in any mode.
 */
export function countedArrivals(policy: Policy, countedAfter: number, now: number): ArrivalFilter {
  const { windowMs } = policy.config.limits.storm
  // An arrival of a moment that is still to come is one from before the clock was set back.
  return { after: countedAfter, from: now - windowMs, until: now + windowMs, except: namesNotCounted(policy) }
}

const known = new WeakMap<Policy, ReadonlySet<string>>()

/** Asked in every commit in which incidents open, so thousands of playbooks are looked through once. */
export function namesNotCounted(policy: Policy): ReadonlySet<string> {
  const { config, playbooks } = policy
  const isQuiet = ({ mode, steps }: Playbook) =>
    lowerMode(config.mode, mode) === 'observe' && steps[0]?.kind !== 'escalate'
  const names = known.get(policy) ?? new Set(['manual', ...playbooks.filter(isQuiet).map(({ name }) => name)])
  known.set(policy, names)
  return names
}

/** What the store knows of a storm; called again in every transaction that decides by it. */
export async function readStorm(read: Reads, policy: Policy, now: number): Promise<StormFacts> {
  const record = await read.stormRecord()
  const filter = countedArrivals(policy, record.countedAfter, now)
  const crossedAt = await read.arrivalAt(filter, policy.config.limits.storm.incidentsMax)
  const trials: TrialEnd[] = []
  for (const id of record.storm?.trials ?? []) {
    const attempt = await read.attempt(id)
    trials.push(attempt === null ? 'unwell' : trialEnd(attempt.outcome))
  }
  return { record, crossedAt, trials }
}
