import type { Outcome } from './attempt.ts'

/** Every bound of the storm latch, with its unit. */
export interface StormLimits {
  /** More new incidents than this in any `windowMs` are a storm. */
  readonly incidentsMax: number
  readonly windowMs: number
  /** How long the rate must have stayed below before the ramp begins. */
  readonly coolDownMs: number
  /** How many effects each step of the ramp lets through, one after another. */
  readonly ramp: readonly number[]
  /** A step for which there is not enough to do ends after this time. */
  readonly stepMs: number
  /** A larger share of effects after which the target was not well latches again, in percent. */
  readonly errorsPercentMax: number
}

export const defaultStormLimits: StormLimits = {
  incidentsMax: 20,
  windowMs: 60_000,
  coolDownMs: 600_000,
  ramp: [1, 2, 4],
  stepMs: 60_000,
  errorsPercentMax: 25,
}

/** A storm that is not over. Times are epoch milliseconds. */
export interface Storm {
  /** Counts the storms of this store from 1. */
  readonly number: number
  readonly since: number
  /** Incidents accepted from here on belong to it. */
  readonly from: number
  readonly phase: 'latched' | 'ramping'
  /** Why it latched the last time. */
  readonly cause: 'incidents' | 'errors'
  /** Until when the rate is known to have been too high, or when the ramp failed; the cool-down counts from here. */
  readonly calmSince: number
  /** How often it latched: the first time, and again out of the ramp. */
  readonly latches: number
  /** Of the ramp: which step, since when, and the attempts it let through. */
  readonly step: number
  readonly stepSince: number
  readonly trials: readonly string[]
}

interface PastStorm extends Pick<Storm, 'number' | 'since' | 'from'> {
  readonly endedAt: number
  /** Newest first; left out where there are none. */
  readonly earlier?: readonly Pick<PastStorm, 'from' | 'endedAt'>[]
}

/** Storms whose incidents may still wait. */
const earlierMax = 50

/** What is remembered of a storm that ends now: its incidents may wait until others have come and gone. Pure. */
export function afterStorm({ last }: StormRecord, { number, since, from }: Storm, endedAt: number): PastStorm {
  if (last === null) return { number, since, from, endedAt }
  const earlier = [{ from: last.from, endedAt: last.endedAt }, ...(last.earlier ?? [])].slice(0, earlierMax)
  return { number, since, from, endedAt, earlier }
}

/** What the store keeps of storms. */
export interface StormRecord {
  readonly storm: Storm | null
  /** The one that ended last, and when those before it were. */
  readonly last: PastStorm | null
  /** Events of the log up to this one count no more: an operator has let them pass. */
  readonly countedAfter: number
}

/** Whether an incident belongs to the storm that goes on, or to one before. */
export function isOfStorm({ storm, last }: StormRecord, { acceptedAt }: { readonly acceptedAt: number }): boolean {
  if (storm !== null && acceptedAt >= storm.from) return true
  const past = last === null ? [] : [last, ...(last.earlier ?? [])]
  return past.some(({ from, endedAt }) => acceptedAt >= from && acceptedAt <= endedAt)
}

export const noStorm: StormRecord = { storm: null, last: null, countedAfter: 0 }

/** What became of an effect that the ramp let through. */
export type TrialEnd = 'under_way' | 'well' | 'unwell' | 'called_off'

/** `null` is the outcome of an attempt that goes on. What cleared without proof is not healed, yet it did not get worse either. */
export function trialEnd(outcome: Outcome | null): TrialEnd {
  if (outcome === null) return 'under_way'
  if (outcome === 'healed' || outcome === 'unverified') return 'well'
  return outcome === 'cancelled' ? 'called_off' : 'unwell'
}

/** What is to be known to say whether there is a storm. */
export interface StormFacts {
  readonly record: StormRecord
  /** When the incident arrived that makes them one too many in the window, or `null`. */
  readonly crossedAt: number | null
  /** Of the ramp's step, in the order of its trials. */
  readonly trials: readonly TrialEnd[]
}

export const stormMoves = ['latched', 'ramped', 'released'] as const
export type StormMove = (typeof stormMoves)[number]

/** Who counts and who is counted: what a storm's notice and the API say. */
export interface Arrivals {
  readonly incidents: number
  readonly playbooks: readonly { readonly playbook: string; readonly incidents: number }[]
  readonly targets: readonly { readonly target: string; readonly incidents: number }[]
}
