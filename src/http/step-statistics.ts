import { summarise, type TrackRecord } from '../engine/ladder/track-record.ts'
import type { Reads } from '../engine/ports.ts'
import { type Spread, spread } from './statistics.ts'

/** What became of one step of a playbook within a window, on any target. */
export interface StepStatistics extends Omit<TrackRecord, 'targetClass' | 'selfRecovered'> {
  readonly playbook: string
  /** From the intent to the proof. */
  readonly timeToHeal: Spread
}

const trialsMax = 100_000

/** Sums the attempts since a time (epoch milliseconds) up, by playbook and step. `stepsCut` is true where there are more than are read at once. */
export async function readStepStatistics(
  reads: Pick<Reads, 'trials'>,
  since: number,
  playbook: string | undefined,
): Promise<{ readonly steps: readonly StepStatistics[]; readonly stepsCut: boolean }> {
  const trials = await reads.trials({ since, limit: trialsMax, ...(playbook !== undefined && { playbook }) })
  const tried = trials.filter(({ outcome }) => outcome !== 'self_recovered')
  const groups = Map.groupBy(tried, (trial) => JSON.stringify([trial.playbook, trial.action, trial.step]))
  const steps = [...groups].sort().map(([, group]): StepStatistics => {
    const [{ playbook: name, action, step }] = group as [(typeof group)[number]]
    const seconds = group.filter(({ outcome }) => outcome === 'healed').map(({ tookMs }) => tookMs / 1_000)
    return { playbook: name, ...summarise(group, { action, stepKey: step }), timeToHeal: spread(seconds) }
  })
  return { steps, stepsCut: trials.length === trialsMax }
}
