import type * as z from 'zod'
import { unknownKeyWords } from './fields.ts'
import type { Path, Report } from './source-file.ts'

/** What could be read; a field with a problem is `undefined`, like one that is absent. */
export type FieldValues<S extends z.ZodRawShape> = { readonly [K in keyof S]: z.output<S[K]> | undefined }

/** Reads a map field by field, so that a problem in one hides no problem in another. `null` when it is no map. */
export function readFields<S extends z.ZodRawShape>(
  shape: S,
  value: unknown,
  path: Path,
  report: Report,
): FieldValues<S> | null {
  if (!isMap(value)) {
    report(path, `must be a map of keys, not ${typeWords(value)}`)
    return null
  }
  const known = Object.keys(shape)
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) report([...path, key], unknownKeyWords(key, known), { at: 'key' })
  }
  const fields = known.map((key) => {
    const input = Object.hasOwn(value, key) ? value[key] : undefined
    return [key, readField(shape[key] as z.ZodType, input, [...path, key], report)]
  })
  return Object.fromEntries(fields) as FieldValues<S>
}

/** One value through its schema; `undefined` and reports when it has problems. */
export function readField<T extends z.ZodType>(
  schema: T,
  input: unknown,
  path: Path,
  report: Report,
): z.output<T> | undefined {
  const parsed = schema.safeParse(input, { reportInput: true })
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) reportIssue(issue, path, report)
  return undefined
}

function reportIssue(issue: z.core.$ZodIssue, base: Path, report: Report): void {
  const path = [...base, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n')
    for (const [index, key] of issue.keys.entries()) report([...path, key], messages[index] ?? '', { at: 'key' })
    return
  }
  report(path, issueWords(issue), issue.code === 'invalid_key' ? { at: 'key' } : {})
}

function issueWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return `the key ${issue.issues[0]?.message ?? 'is not valid'}`
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing'
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message
  const hint = issue.expected === 'string' && isMap(issue.input) ? ': quote a text that begins with {{' : ''
  return `must be ${expectedWords[issue.expected] ?? issue.expected}, not ${typeWords(issue.input)}${hint}`
}

const expectedWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
}

/** What kind of value it is, in the words of a user. */
export function typeWords(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'true or false'
  return 'a number'
}

/** True for a plain map. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
