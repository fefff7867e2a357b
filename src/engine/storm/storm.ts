import {
  afterStorm,
  type Storm,
  type StormFacts,
  type StormLimits,
  type StormMove,
  type StormRecord,
} from '../../domain/storm.ts'

/** What time and facts make of the record, and which move that is; `null` for none. */
export interface StormTurn {
  readonly record: StormRecord
  readonly move: StormMove | null
}

/** A rate that stays too high is written down again after so long, not for every incident. */
const precisionMs = 1_000

/** The one next move of the latch: calm → latched → ramping, step by step → calm. Pure. */
export function nextMove(facts: StormFacts, limits: StormLimits, now: number): StormTurn {
  const { storm } = facts.record
  const above = facts.crossedAt === null ? null : facts.crossedAt + limits.windowMs
  if (storm === null) return above === null ? still(facts.record) : latch(facts.record, 'incidents', above, limits, now)
  const seen = withinReach(storm, limits, now)
  if (seen.phase === 'ramping') {
    return above === null ? climb(facts, seen, limits, now) : latch(facts.record, 'incidents', above, limits, now)
  }
  const calmSince = Math.max(seen.calmSince, above ?? 0)
  if (above === null && calmSince + limits.coolDownMs <= now) return enter(facts.record, seen, 0, now)
  const worthWriting = seen !== storm || calmSince >= storm.calmSince + precisionMs
  return still(worthWriting ? { ...facts.record, storm: { ...seen, calmSince } } : facts.record)
}

/** The facts after every move that is due; each of them forgets the trials of the step before. Pure. */
export function settledStorm(facts: StormFacts, limits: StormLimits, now: number): StormFacts {
  const { record, move } = nextMove(facts, limits, now)
  return move === null ? { ...facts, record } : settledStorm({ ...facts, record, trials: [] }, limits, now)
}

/** How many effects the present step lets through. */
export function widthOf({ step }: Pick<Storm, 'step'>, { ramp }: StormLimits): number {
  return ramp[Math.min(step, ramp.length - 1)] ?? 1
}

/** How many of them it still lets through. */
export function placesLeft(storm: Storm, trials: StormFacts['trials'], limits: StormLimits): number {
  const taken = trials.filter((end) => end !== 'called_off').length
  return Math.max(0, widthOf(storm, limits) - taken)
}

function still(record: StormRecord): StormTurn {
  return { record, move: null }
}

/** A clock that was set back must not stretch a cool-down or a step by hours. */
function withinReach(storm: Storm, { windowMs }: StormLimits, now: number): Storm {
  const far = storm.calmSince > now + windowMs || storm.stepSince > now
  if (!far) return storm
  return { ...storm, calmSince: Math.min(storm.calmSince, now + windowMs), stepSince: Math.min(storm.stepSince, now) }
}

function latch(
  record: StormRecord,
  cause: Storm['cause'],
  calmSince: number,
  { windowMs }: StormLimits,
  now: number,
): StormTurn {
  const { storm, last } = record
  const begun = storm ?? { number: (last?.number ?? 0) + 1, since: now, from: now - windowMs, latches: 0 }
  const { number, since, from, latches } = begun
  const latched = { number, since, from, phase: 'latched', cause, calmSince, latches: latches + 1 } as const
  return { record: { ...record, storm: { ...latched, step: 0, stepSince: now, trials: [] } }, move: 'latched' }
}

function enter(record: StormRecord, storm: Storm, step: number, now: number): StormTurn {
  const next: Storm = { ...storm, phase: 'ramping', step, stepSince: now, trials: [] }
  return { record: { ...record, storm: next }, move: 'ramped' }
}

/** A step is over when all it let through has ended, or when there was not enough to do; too many failures latch at once. */
function climb({ record, trials }: StormFacts, storm: Storm, limits: StormLimits, now: number): StormTurn {
  const begun = trials.filter((end) => end !== 'called_off')
  const unwell = begun.filter((end) => end === 'unwell').length
  const width = widthOf(storm, limits)
  const tooMany = (of: number) => unwell * 100 > limits.errorsPercentMax * of
  if (tooMany(width)) return latch(record, 'errors', now, limits, now)
  const quiet = !begun.includes('under_way')
  const over = quiet && (begun.length >= width || storm.stepSince + limits.stepMs <= now)
  if (!over) return still(storm === record.storm ? record : { ...record, storm })
  if (tooMany(begun.length)) return latch(record, 'errors', now, limits, now)
  if (storm.step + 1 < limits.ramp.length) return enter(record, storm, storm.step + 1, now)
  return { record: { ...record, storm: null, last: afterStorm(record, storm, now) }, move: 'released' }
}
