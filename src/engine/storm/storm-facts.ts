import { lowerMode, type Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import { type StormFacts, type TrialEnd, trialEnd } from '../../domain/storm.ts'
import type { Reads } from '../ports.ts'
import type { ArrivalFilter } from './mass-ports.ts'

/**
 * Which incidents count: not those that a person asked for, nor those of playbooks that only observe and so change nothing and call
 * nobody. A ladder that begins with an escalation calls people in any mode.
 */
export function countedArrivals({ config, playbooks }: Policy, countedAfter: number, now: number): ArrivalFilter {
  const { windowMs } = config.limits.storm
  const isQuiet = ({ mode, steps }: Playbook) =>
    lowerMode(config.mode, mode) === 'observe' && steps[0]?.kind !== 'escalate'
  const observed = playbooks.filter(isQuiet).map(({ name }) => name)
  // An arrival of a moment that is still to come is one from before the clock was set back.
  return { after: countedAfter, from: now - windowMs, until: now + windowMs, except: ['manual', ...observed] }
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
