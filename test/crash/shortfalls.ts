import type { Figures } from './run.ts'
import { illnessesAfterwards } from './schedule.ts'

/** Least shares of what must really have happened: a Hepar that does nothing breaks no promise, and is not wanted. */
const shares = { effectsPerIllness: 0.5, healedPerIllness: 0.2, illnessesPerKill: 0.4 } as const

/** In which respect too little happened for the run to say anything. */
export function shortfalls(figures: Figures): readonly string[] {
  const { kills, illnesses, effectsBegun, healed, eased, mitigated, effectsCutOff, deliveriesRefused } = figures
  const least = (what: string, actual: number, wanted: number) =>
    actual < wanted ? [`only ${actual} ${what}, at least ${Math.ceil(wanted)} were expected`] : []
  return [
    ...least('illnesses', illnesses, shares.illnessesPerKill * kills),
    ...least('effects', effectsBegun, shares.effectsPerIllness * illnesses),
    ...least(
      'healed incidents',
      healed,
      Math.max(illnessesAfterwards, shares.healedPerIllness * illnesses - mitigated),
    ),
    ...least('effects cut off by a kill', effectsCutOff, kills >= 50 ? kills / 50 : 0),
    ...least('temporary effects', eased, kills >= 50 ? 1 : 0),
    ...least('incidents that a temporary effect carried over', mitigated, kills >= 50 ? 1 : 0),
    ...least('deliveries that had to be sent again', deliveriesRefused, 1),
  ]
}
