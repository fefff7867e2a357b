import * as z from 'zod'
import { parseDurationMs } from '../domain/duration.ts'

/** A duration such as `30m`, given to handlers in milliseconds. */
export const durationMs = z
  .string()
  .max(32)
  .transform((text, context) => {
    const ms = parseDurationMs(text)
    if (ms === null || ms === 0) context.addIssue(`"${text}" is not a duration such as 30m or 1h30m`)
    return ms ?? 0
  })
  .meta({ description: 'A duration such as 30m or 7d.' })

/** A time, RFC 3339 or epoch milliseconds, given to handlers in epoch milliseconds. */
export const timeMs = z
  .string()
  .max(40)
  .transform((text, context) => {
    const at = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
    if (Number.isNaN(at)) context.addIssue(`"${text}" is not a time such as 2030-01-31T12:00:00Z`)
    return at
  })
  .meta({ description: 'A time: RFC 3339 or epoch milliseconds.' })

/** A count in a query, between 1 and `max`. */
export function limit(max: number, fallback: number) {
  return z.coerce.number().int().min(1).max(max).default(fallback)
}

/** One or several of the words, repeated or separated by commas. */
export function words<const W extends readonly [string, ...string[]]>(known: W) {
  const list = z
    .array(z.enum(known, { error: ({ input }) => `"${input}" is not one of ${known.join(', ')}` }))
    .max(known.length)
  return z
    .preprocess(
      (given) => [given].flat().flatMap((item) => (typeof item === 'string' ? item.split(',') : [item])),
      list,
    )
    .optional()
}

/** A `true` or `false` in a query; present without a value means true. */
export const flag = z
  .enum(['true', 'false', ''])
  .default('false')
  .transform((text) => text !== 'false')

export const name = z.string().min(1).max(512)

/** What an operator gives as the reason for a step taken by hand. */
export const reason = z.string().trim().min(1).max(1_000)

export const nothing = z.strictObject({})
