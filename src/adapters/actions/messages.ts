import * as z from 'zod'
import type { Plan } from '../../domain/attempt.ts'
import type { Json, JsonObject } from '../../domain/json.ts'

/** The plugin file that a request is about; a runner refuses it when its SHA-256 is another. */
export interface PluginFile {
  readonly file: string
  readonly fileDigest: string
}

/** What Hepar asks of a runner. Times are epoch milliseconds. */
export type RunnerRequest =
  | ({ readonly verb: 'describe' } & PluginFile)
  | ({ readonly verb: 'check'; readonly params: unknown } & PluginFile)
  | ({
      readonly verb: 'plan'
      readonly params: unknown
      readonly target: string
      readonly settings: JsonObject
      readonly now: number
    } & PluginFile)
  | ({
      readonly verb: 'verify'
      readonly plan: Plan
      readonly settings: JsonObject
      readonly now: number
      readonly intendedAt: number
      readonly effectEndedAt: number
      readonly effectSeen: boolean
    } & PluginFile)
  | ({
      readonly verb: 'run' | 'revert'
      readonly plan: Plan
      readonly settings: JsonObject
      readonly now: number
      readonly idempotencyKey: string
      readonly intendedAt: number
      readonly deadlineAt: number
      readonly startWithinMs: number
    } & PluginFile)

/** A line to a runner. The id is a secret of this one question: whoever does not know it cannot answer. */
export type RunnerLine = { readonly id: string; readonly request: RunnerRequest } | { readonly abort: true }

const reason = z.string().max(2_000)

const path = z.array(z.union([z.string(), z.number()]))

const issue = z.strictObject({
  /** Where zod found it; of an unknown key, the object that holds it. */
  at: path,
  path,
  message: reason,
  /** True when the issue may come from any of the alternatives below `at`. */
  wide: z.boolean(),
})

export type ParamIssue = z.infer<typeof issue>

export const runnerAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ id: z.string(), kind: z.literal('ready') }),
  z.strictObject({ id: z.string(), kind: z.literal('value'), value: z.unknown() }),
  z.strictObject({ id: z.string(), kind: z.literal('threw'), reason }),
  /** What the plugin returned cannot be used. */
  z.strictObject({ id: z.string(), kind: z.literal('unusable'), reason }),
  /** It threw where the effect may have begun, by its own word or for want of memory. */
  z.strictObject({ id: z.string(), kind: z.literal('doubtful'), reason }),
  /** Nothing of the plugin's `plan`, `run` or `verify` was called. */
  z.strictObject({ id: z.string(), kind: z.literal('not_started'), reason }),
  z.strictObject({ id: z.string(), kind: z.literal('invalid_params'), issues: z.array(issue).max(1_000) }),
])

export type RunnerAnswer = z.infer<typeof runnerAnswer>

const text = z.string().min(1).max(2_000)
const jsonObject = z.record(z.string(), z.unknown()).transform((value) => value as JsonObject)

export const description = z.strictObject({
  summary: text,
  kind: z.enum(['container', 'redis', 'path', 'service']),
  risk: z.enum(['read', 'reversible', 'destructive']),
  idempotent: z.boolean(),
  hasVerify: z.boolean(),
  hasRevert: z.boolean(),
  temporary: z.boolean(),
  paramsSchema: jsonObject,
})

/** What `plan` may return, with the parameters as the plugin's schema gave them back. */
export const planned = z.strictObject({
  params: jsonObject,
  result: z.union([
    z.strictObject({
      pin: jsonObject,
      summary: text,
      data: jsonObject.default({}),
      evidence: jsonObject.default({}),
      idempotent: z.boolean().default(false),
      touches: z.array(z.string().min(1).max(300)).max(10).default([]),
      changed: z.strictObject({ at: z.number().int(), what: text.max(300) }).optional(),
    }),
    z.strictObject({ refused: text, final: z.boolean(), evidence: jsonObject.default({}) }),
  ]),
})

export const report = jsonObject
export const probeReport = z.strictObject({ passed: z.boolean(), detail: z.string().max(2_000) })

const depthMax = 64

/** Parses JSON that a plugin had a hand in; throws when it is nested so deeply that walking it would overflow the stack. */
export function parseShallowJson(line: string): Json {
  let depth = 0
  let inString = false
  for (let index = 0; index < line.length; index++) {
    const char = line[index]
    if (inString) {
      if (char === '\\') index++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      depth++
      if (depth > depthMax) throw new Error(`JSON is nested more than ${depthMax} levels deep`)
    } else if (char === '}' || char === ']') depth--
  }
  return JSON.parse(line) as Json
}
