import { Cron } from 'croner'
import * as z from 'zod'
import { scheduleDurationMaxMs } from '../domain/schedule.ts'
import { durationField, optional } from './fields.ts'

const minuteMs = 60_000

/** The keys of a schedule: where its stretches begin, how long each lasts, and whose clock decides. */
export const scheduleShape = {
  cron: cronField(),
  duration: durationField(minuteMs, scheduleDurationMaxMs),
  timeZone: optional(timeZoneField()),
}

/** What stands for a time zone that is not written. */
export const defaultTimeZone = 'UTC'

function cronField() {
  return z
    .string()
    .transform((text, context) => {
      const reason = cronProblem(text)
      if (reason !== null) context.addIssue(reason)
      return text
    })
    .meta({ description: 'Minute, hour, day of month, month, day of week, such as 0 8 * * mon-fri.' })
}

function cronProblem(text: string): string | null {
  const needed = 'must be a cron expression of five fields, such as 0 8 * * mon-fri'
  if (text.length > 200 || text.trim().split(/\s+/).length !== 5) return needed
  try {
    const never = new Cron(text, { mode: '5-part', timezone: 'UTC' }).nextRun(new Date()) === null
    return never ? 'never comes: no day is like this' : null
  } catch (error) {
    return `${needed} (${(error as Error).message.replace(/^Cron\w+: /, '').slice(0, 200)})`
  }
}

function timeZoneField() {
  return z
    .string()
    .transform((text, context) => {
      if (!isTimeZone(text)) context.addIssue('must be a time zone such as Europe/Berlin or UTC')
      return text
    })
    .meta({ description: 'A time zone of the IANA list, such as Europe/Berlin; UTC by default.' })
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}
