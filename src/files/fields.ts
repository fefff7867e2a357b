import * as z from 'zod'
import { parseBytes } from '../domain/bytes.ts'
import { formatDurationMs, parseDurationMs } from '../domain/duration.ts'
import { budgetWindowMaxMs } from '../domain/playbook.ts'
import { didYouMean } from '../domain/suggestion.ts'

/** What is said of a key that a map does not have. */
export function unknownKeyWords(key: string, known: readonly string[]): string {
  return `unknown key ${JSON.stringify(key)}${didYouMean(key, known)}`
}

/** A map with exactly these keys. */
export function section<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    // One line per unknown key, in the order of the issue's keys.
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined
      return issue.keys.map((key) => unknownKeyWords(key, known)).join('\n')
    },
  })
}

/** A field that may be absent, or empty as in `key:` with everything under it commented out. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined)
}

/** A duration written as text, given in milliseconds. */
export function durationField(minMs: number, maxMs: number) {
  const range = `must be between ${formatDurationMs(minMs)} and ${formatDurationMs(maxMs)}`
  return z
    .unknown()
    .transform((value, context) => {
      const ms = typeof value === 'string' ? parseDurationMs(value) : value === 0 ? 0 : null
      if (ms === null) context.addIssue('must be a duration such as 30s or 1h30m')
      else if (ms < minMs || ms > maxMs) context.addIssue(range)
      return ms ?? 0
    })
    .meta({ type: 'string', description: `A duration such as 30s or 1h30m; ${range}.` })
}

/** A count and a window such as `3/1h`: at most so many in any time of that length. */
export const budgetField = z
  .string()
  .transform((text, context) => {
    const found = /^(\d{1,4})\/(.+)$/.exec(text)
    const count = Number(found?.[1] ?? 0)
    const window = durationField(1_000, budgetWindowMaxMs).safeParse(found?.[2])
    if (count < 1 || !window.success) context.addIssue('must be a count and a duration up to 30d, such as 3/1h')
    return { count, windowMs: window.data ?? 0 }
  })
  .meta({ description: 'At most so many attempts in any window of this length, such as 3/1h.' })

/** A size written as text, given in bytes. */
export function bytesField(min: number, max: number) {
  return z
    .unknown()
    .transform((value, context) => {
      const bytes = typeof value === 'string' ? parseBytes(value) : null
      if (bytes === null) context.addIssue('must be a size such as 500kB or 16MiB')
      else if (bytes < min || bytes > max) context.addIssue(`must be between ${min} and ${max} bytes`)
      return bytes ?? 0
    })
    .meta({ type: 'string', description: `A size such as 500kB or 16MiB; between ${min} and ${max} bytes.` })
}

/** A whole number. */
export function countField(min: number, max: number) {
  const range = `must be a whole number between ${min} and ${max}`
  return z.int({ error: range }).min(min, range).max(max, range)
}

/** A share as text in whole percent, given as that number. */
export function percentField(min: number) {
  return z
    .string()
    .transform((text, context) => {
      const percent = Number(/^(\d{1,3})\s?%$/.exec(text)?.[1] ?? Number.NaN)
      if (!(percent >= min && percent <= 100)) context.addIssue(`must be a share of ${min}% to 100% in whole percent`)
      return percent
    })
    .meta({ description: `Whole percent from ${min}% to 100%, such as 25%.` })
}

/** One word out of a list; a mistyped one gets a suggestion. */
export function wordField<const W extends readonly [string, ...string[]]>(words: W) {
  return z.enum(words, {
    error: ({ input }) => {
      const hint = typeof input === 'string' ? didYouMean(input, words) : ''
      return input === undefined ? undefined : `must be one of ${words.join(', ')}${hint}`
    },
  })
}

/** A name that may become part of a metric's label, an address or a file name. */
export const nameField = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit',
  )

/** Text of 1 to `charactersMax` characters. */
export function textField(charactersMax: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(charactersMax, `must not be longer than ${charactersMax} characters`)
}
