import type * as z from 'zod'
import type { CheckResult, Plan } from '../../domain/attempt.ts'
import { digestOf } from '../../engine/digest.ts'
import type { ActionCall, EffectResult, PlanOutcome } from '../../engine/ports.ts'
import type { Reply } from './dialogue.ts'
import { planned, probeReport, report } from './messages.ts'
import { describeIssues } from './params.ts'

/** What the answer to `plan` means: `shown` is what people may see of it, `said` what is acted on. */
export function planOutcome({ action, target }: ActionCall, shown: Reply, said: Reply): PlanOutcome {
  if (shown.kind === 'answered' && shown.late === null && shown.answer.kind === 'invalid_params') {
    // Asking again would not make them right.
    return { kind: 'refused', reason: describeIssues(shown.answer.issues), final: true, evidence: {} }
  }
  const value = readValue(shown, planned, 'plan')
  if (!value.ok) return { kind: 'failed', reason: value.reason }
  const { result } = value.data
  if ('refused' in result) {
    return { kind: 'refused', reason: result.refused, final: result.final, evidence: result.evidence }
  }
  const acted = readValue(said, planned, 'plan')
  if (!acted.ok || 'refused' in acted.data.result) return { kind: 'failed', reason: 'plan returned something unusable' }
  const { params } = acted.data
  const { pin, data, idempotent, touches } = acted.data.result
  const { summary, evidence } = result
  // Another object would be meant if anything of this were replaced.
  if (digestOf({ pin, data }) !== digestOf({ pin: result.pin, data: result.data })) {
    const reason = 'its pin or data holds a secret of the configuration, which would be recorded'
    return { kind: 'failed', reason }
  }
  const changed = result.changed === undefined ? {} : { changed: result.changed }
  // Whoever approves a plan approves with it that it may be started again.
  const again = idempotent ? ({ idempotent: true } as const) : {}
  const others = [...new Set(touches)].filter((other) => other !== target)
  const touched = others.length === 0 ? {} : { touches: others }
  const plan: Plan = {
    action: action.name,
    target,
    params,
    pin,
    summary,
    data,
    evidence,
    ...again,
    ...touched,
    ...changed,
  }
  return { kind: 'planned', plan, digest: digestOf({ action: action.name, target, params, pin, ...again }) }
}

/** What the answer to `verify` means: whatever is not a clear yes is a no. */
export function verifyResult(check: string, reply: Reply): CheckResult {
  const value = readValue(reply, probeReport, 'verify')
  if (!value.ok) return { check, passed: false, positive: true, detail: value.reason }
  return { check, passed: value.data.passed, positive: true, detail: value.data.detail }
}

/** What the answer to `run` means: whatever leaves a doubt about the effect is `unknown`. */
export function effectResult(reply: Reply): EffectResult {
  if (reply.kind === 'lost') return { kind: reply.asked ? 'unknown' : 'not_started', reason: reply.reason }
  const { answer, late } = reply
  if (answer.kind === 'not_started') return { kind: 'not_started', reason: answer.reason }
  // Once told to stop, a plugin's success may be a swallowed abort and its failure an effect already sent.
  if (late !== null) return { kind: 'unknown', reason: late }
  if (answer.kind === 'threw') return { kind: 'failed', reason: answer.reason }
  const value = readValue(reply, report, 'run')
  return value.ok ? { kind: 'done', report: value.data } : { kind: 'unknown', reason: value.reason }
}

type Value<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly reason: string }

function readValue<S extends z.ZodType>(reply: Reply, schema: S, verb: string): Value<z.output<S>> {
  if (reply.kind === 'lost') return { ok: false, reason: reply.reason }
  const { answer, late } = reply
  if (late !== null) return { ok: false, reason: late }
  if (answer.kind === 'invalid_params') return { ok: false, reason: describeIssues(answer.issues) }
  if (answer.kind !== 'value') return { ok: false, reason: 'reason' in answer ? answer.reason : answer.kind }
  const read = schema.safeParse(answer.value)
  if (read.success) return { ok: true, data: read.data }
  const issue = read.error.issues[0]
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  return { ok: false, reason: `${verb} returned something unusable: ${place}${issue?.message ?? 'unknown'}` }
}
