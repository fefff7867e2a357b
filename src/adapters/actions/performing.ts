import * as z from 'zod'
import { parseTarget } from '../../domain/target.ts'
import type { ActionDefinition, ActionTarget } from '../../sdk/index.ts'
import type { ParamIssue, RunnerRequest } from './messages.ts'

/** What the plugin made of a request; `value` is whatever it returned. */
export type Performance =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'not_started'; readonly reason: string }
  | { readonly kind: 'invalid_params'; readonly issues: readonly ParamIssue[] }

type RequestFor<V extends RunnerRequest['verb']> = Extract<RunnerRequest, { verb: V }>

// A plugin may change the clock it sees, not the one that decides whether it may begin.
const wallClock = Date.now

/** Calls the plugin. Rejects with whatever the plugin threw. */
export async function perform(
  definition: ActionDefinition,
  request: RunnerRequest,
  signal: AbortSignal,
): Promise<Performance> {
  switch (request.verb) {
    case 'describe':
      return { kind: 'value', value: describe(definition) }
    case 'check':
      return check(definition, request)
    case 'plan':
      return plan(definition, request, signal)
    case 'verify':
      return verify(definition, request, signal)
    case 'run':
    case 'revert':
      return act(definition, request, signal)
    default:
      return request satisfies never
  }
}

function describe(definition: ActionDefinition): unknown {
  const { summary, kind, risk, idempotent, params, verify, revert, temporary = false } = definition
  return {
    summary,
    kind,
    risk,
    idempotent,
    hasVerify: verify !== undefined,
    hasRevert: revert !== undefined,
    temporary,
    paramsSchema: z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }),
  }
}

async function check(definition: ActionDefinition, { params }: RequestFor<'check'>): Promise<Performance> {
  const parsed = await definition.params.safeParseAsync(params)
  if (parsed.success) return { kind: 'value', value: null }
  return { kind: 'invalid_params', issues: parsed.error.issues.flatMap(readIssue) }
}

async function plan(definition: ActionDefinition, request: RequestFor<'plan'>, signal: AbortSignal) {
  const parsed = await definition.params.safeParseAsync(request.params)
  if (!parsed.success) {
    return { kind: 'invalid_params', issues: parsed.error.issues.flatMap(readIssue) } as const
  }
  // Plan and run must see the same parameters, and those of run come back through JSON.
  const params: unknown = JSON.parse(JSON.stringify(parsed.data))
  const { settings, now } = request
  const result = await definition.plan(readTarget(request.target), params, { settings, signal, now })
  return { kind: 'value', value: { params, result } } as const
}

async function verify(definition: ActionDefinition, request: RequestFor<'verify'>, signal: AbortSignal) {
  const { plan, settings, now, intendedAt, effectEndedAt, effectSeen } = request
  const context = { settings, signal, now, intendedAt, effectEndedAt, effectSeen }
  const value = await definition.verify?.({ ...plan, target: readTarget(plan.target) }, context)
  return { kind: 'value', value } as const
}

async function act(
  definition: ActionDefinition,
  request: RequestFor<'run' | 'revert'>,
  signal: AbortSignal,
): Promise<Performance> {
  const { plan, settings, now, idempotencyKey, deadlineAt, intendedAt, startWithinMs } = request
  const planned = { ...plan, target: readTarget(plan.target) }
  const ageMs = wallClock() - intendedAt
  if (Math.abs(ageMs) > startWithinMs) {
    return { kind: 'not_started', reason: `${ageMs} ms after the intent, allowed are ${startWithinMs}` } as const
  }
  if (!definition[request.verb]) return { kind: 'not_started', reason: 'the plugin cannot take its effect back' }
  const value = await definition[request.verb]?.(planned, { settings, signal, now, idempotencyKey, deadlineAt })
  return { kind: 'value', value: value ?? {} } as const
}

function readTarget(text: string): ActionTarget {
  const reading = parseTarget(text)
  if (!reading.ok) throw new Error(reading.reason)
  return { ...reading.target, text }
}

/** One issue per place a user can look at: an unknown key is named itself, not the object around it. */
function readIssue(found: z.core.$ZodIssue): ParamIssue[] {
  const at = found.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (found.code === 'unrecognized_keys') {
    return found.keys.map((key) => ({ at, path: [...at, key], message: `unknown parameter "${key}"`, wide: false }))
  }
  return [{ at, path: at, message: found.message.slice(0, 500), wide: found.code === 'invalid_union' }]
}
