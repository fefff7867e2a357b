import { RE2JS } from 're2js'
import * as z from 'zod'
import { serviceTraces } from './service-evidence.ts'

/** What the configuration says about the commands of one service. */
export const commandSettings = z.object({
  service: z.string().min(1),
  host: z.string().min(1),
  ...serviceTraces,
  commands: z.array(
    z.object({
      name: z.string(),
      file: z.string().startsWith('/'),
      args: z.array(z.string()),
      appended: z.array(z.object({ name: z.string(), pattern: z.string() })),
      env: z.array(z.object({ name: z.string(), value: z.string() })),
      timeoutMs: z.number().min(1),
      doneCodes: z.array(z.number()).min(1),
      unknownCodes: z.array(z.number()),
    }),
  ),
})
export type CommandSettings = z.output<typeof commandSettings>
export type CommandRule = CommandSettings['commands'][number]

const appendedCharsMax = 1_000

export type ArgumentsReading =
  | { readonly ok: true; readonly args: readonly string[] }
  | { readonly ok: false; readonly reason: string }

/** The whole argument list: what is fixed, and after `--` what the playbook may append, each as one argument. */
export function argumentsOf(rule: CommandRule, given: Readonly<Record<string, string>>): ArgumentsReading {
  const stranger = Object.keys(given).find((name) => !rule.appended.some((wanted) => wanted.name === name))
  if (stranger !== undefined) {
    return {
      ok: false,
      reason: `"${stranger}" may not be appended to the command "${rule.name}": add it to its "append"`,
    }
  }
  const appended: string[] = []
  for (const { name, pattern } of rule.appended) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    const problem = value === undefined ? 'is missing' : problemOf(value, pattern)
    if (problem !== null)
      return { ok: false, reason: `the argument "${name}" of the command "${rule.name}" ${problem}` }
    appended.push(value as string)
  }
  return { ok: true, args: appended.length === 0 ? rule.args : [...rule.args, '--', ...appended] }
}

function problemOf(value: string, pattern: string): string | null {
  if (value.length > appendedCharsMax) return `is longer than ${appendedCharsMax} characters`
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) return 'contains control characters'
  // Not every program knows that options end at "--".
  if (value.startsWith('-')) return 'begins with a dash, so it could be taken for an option'
  return RE2JS.compile(pattern).matches(value) ? null : `does not match its pattern ${pattern}`
}

const redacted = '[redacted]'
const secretCharsMin = 4

/** Replaces what the environment of a command holds, in case it prints it. */
export function withoutSecrets(text: string, { env }: CommandRule): string {
  const secrets = env.map(({ value }) => value).filter((value) => value.length >= secretCharsMin)
  // The longest first, so that no rest of it stays.
  const longestFirst = secrets.sort((a, b) => b.length - a.length)
  return longestFirst.reduce((safe, secret) => safe.replaceAll(secret, redacted), text)
}
