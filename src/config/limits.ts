import * as z from 'zod'
import type { Limits } from '../domain/config.ts'
import type { StormLimits } from '../domain/storm.ts'
import { budgetField, bytesField, countField, durationField, optional, percentField, section } from '../files/fields.ts'

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000] as const
const [kilobyte, megabyte] = [1024, 1024 * 1024] as const

const budgets = z.array(budgetField).min(1, 'needs at least one budget').max(10)

/** The keys of `limits`, each with the bounds of its value. */
export const limitsField = section({
  body: optional(bytesField(kilobyte, 256 * megabyte)),
  alertsPerDelivery: optional(countField(1, 1_000_000)),
  labelsPerAlert: optional(countField(1, 10_000)),
  labelValue: optional(bytesField(64, 4 * megabyte)),
  episodeGap: optional(durationField(0, day)),
  alertAge: optional(durationField(second, 365 * day)),
  effects: optional(countField(1, 1000)),
  reconcileEvery: optional(durationField(second, hour)),
  confirmWithin: optional(durationField(second, day)),
  shutdownGrace: optional(durationField(0, hour)),
  probeEvery: optional(durationField(100, 10 * minute)),
  runnerMemory: optional(bytesField(32 * megabyte, 64 * 1024 * megabyte)),
  runnerOutput: optional(bytesField(kilobyte, 64 * megabyte)),
  planTimeout: optional(durationField(100, 10 * minute)),
  // An effect that begins later than this after its intent could meet another world than the gates saw.
  startWithin: optional(durationField(100, 2 * second)),
  silenceTtl: optional(durationField(5 * second, hour)),
  rate: optional(budgets),
  targetActions: optional(budgets),
  loops: optional(budgetField),
  aftermath: optional(durationField(0, hour)),
  storm: optional(
    section({
      incidents: optional(countField(1, 1_000_000)),
      window: optional(durationField(second, hour)),
      coolDown: optional(durationField(second, day)),
      ramp: optional(z.array(countField(1, 1000)).min(1, 'needs at least one step').max(10, 'has more than 10 steps')),
      step: optional(durationField(second, hour)),
      errors: optional(percentField(0)),
    }),
  ),
})

type Written = z.output<typeof limitsField>

const names: Readonly<Record<Exclude<keyof Written, 'storm'>, Exclude<keyof Limits, 'storm'>>> = {
  body: 'bodyBytesMax',
  alertsPerDelivery: 'alertsPerDeliveryMax',
  labelsPerAlert: 'labelsPerAlertMax',
  labelValue: 'labelValueBytesMax',
  episodeGap: 'episodeGapMs',
  alertAge: 'alertAgeMaxMs',
  effects: 'effectsMax',
  reconcileEvery: 'reconcileEveryMs',
  confirmWithin: 'confirmWithinMs',
  shutdownGrace: 'shutdownGraceMs',
  probeEvery: 'probeEveryMs',
  runnerMemory: 'runnerMemoryBytesMax',
  runnerOutput: 'runnerOutputBytesMax',
  planTimeout: 'planTimeoutMs',
  startWithin: 'startWithinMs',
  silenceTtl: 'silenceTtlMs',
  rate: 'rate',
  targetActions: 'targetActions',
  loops: 'loops',
  aftermath: 'aftermathMs',
}

const stormNames = {
  incidents: 'incidentsMax',
  window: 'windowMs',
  coolDown: 'coolDownMs',
  ramp: 'ramp',
  step: 'stepMs',
  errors: 'errorsPercentMax',
} as const satisfies Readonly<Record<keyof NonNullable<Written['storm']>, keyof StormLimits>>

/** The defaults, with what the file says put over them. */
export function overLimits(defaults: Limits, written: Written | undefined): Limits {
  const { storm, ...rest } = written ?? {}
  return { ...over(defaults, rest, names), storm: over(defaults.storm, storm ?? {}, stormNames) }
}

function over<T extends object>(defaults: T, written: object, names: Readonly<Record<string, keyof T>>): T {
  const found = Object.entries(written).flatMap(([key, value]) => (value === undefined ? [] : [[names[key], value]]))
  return { ...defaults, ...Object.fromEntries(found) }
}
