import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'
import type { Peer } from '../../domain/config.ts'
import type { Clock, Sources } from '../../engine/ports.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import { labelMap } from '../http-client/label-map.ts'
import { planDating } from './dating.ts'
import type { RecordedReply } from './rules.ts'

type QueryReply = Awaited<ReturnType<Sources['query']>>
type Dated = Extract<ReturnType<typeof planDating>, { ok: true }>

const queryCharactersMax = 8_000

/** Series that Prometheus itself writes about its rules. */
const written = new Set(['ALERTS', 'ALERTS_FOR_STATE'])

/** Marks which part of the one combined query a sample belongs to. */
const partLabel = 'hepar_part__'

const sampleShape = z.object({
  metric: labelMap,
  value: z.tuple([z.number(), z.string()]).optional(),
})
const replyShape = z.object({
  status: z.literal('success'),
  data: z.object({ resultType: z.literal('vector'), result: z.array(sampleShape) }),
  warnings: z.array(z.string()).nullish(),
})

/**
 * Instant query whose samples carry the time of the *oldest* sample that any part of the expression read, not the time of
 * evaluation: Prometheus answers for up to five minutes with what a dead target said last. Each instant selector's age is
 * asked with `timestamp()` inside the same request, so value and age come from one snapshot; a range selector counts from
 * the beginning of its window. What cannot be dated this way is refused with the reason.
 */
export async function queryDated(
  peer: Peer,
  promql: string,
  {
    recordedNames,
    ...bounds
  }: Bounds & { readonly clock: Clock; readonly recordedNames: () => Promise<RecordedReply> },
): Promise<QueryReply> {
  const dating = planDating(promql)
  if (!dating.ok) return dating
  const combined = combine(promql, dating)
  if (combined.length > queryCharactersMax) {
    return { ok: false, reason: `the query is longer than ${queryCharactersMax} characters` }
  }
  const recorded = await recordedNames()
  if (!recorded.ok) return recorded
  const derived = dating.metrics.find((name) => recorded.names.has(name) || written.has(name))
  if (derived !== undefined) return { ok: false, reason: derivedProblem(derived) }
  const path = `/api/v1/query?query=${encodeURIComponent(combined)}`
  const reply = await getJson(peer, path, replyShape, bounds)
  if (!reply.ok) return reply
  if (reply.value.warnings?.length) {
    return { ok: false, reason: `Prometheus answered incompletely: ${reply.value.warnings[0]}` }
  }
  return separate(reply.value.data.result, dating, reply.skewMs)
}

function derivedProblem(name: string): string {
  return `${name} is written by a rule: its samples carry the time of the rule's evaluation, not of what was measured; query the series it is made from`
}

/** The expression and the oldest timestamp under each of its selectors, as one query: one request sees one snapshot. */
function combine(promql: string, { type, instants }: Dated): string {
  const value = type === 'scalar' ? `vector(${promql}\n)` : `(${promql}\n)`
  const parts = [tagged(value, 'value'), ...instants.map((text, at) => tagged(`min(timestamp(${text}))`, `at${at}`))]
  return parts.join('\nor\n')
}

function tagged(expression: string, part: string): string {
  return `label_replace(${expression}, "${partLabel}", "${part}", "", "")`
}

function separate(result: readonly z.output<typeof sampleShape>[], dating: Dated, skewMs: number): QueryReply {
  const values: { value: number; labels: Labels }[] = []
  const times = new Map<string, number>()
  let evaluatedAt = Number.NaN
  for (const { metric, value } of result) {
    if (!value) return { ok: false, reason: 'the query yields histograms, which are no values to judge by' }
    evaluatedAt = value[0] * 1_000
    const { [partLabel]: part = '', ...labels } = metric
    if (part === 'value') values.push({ value: numberOf(value[1]), labels: Object.assign(Object.create(null), labels) })
    else times.set(part, Number(value[1]) * 1_000)
  }
  if (values.length === 0) return { ok: true, samples: [] }
  let oldest = evaluatedAt - dating.reachMs
  for (const [index, selector] of dating.instants.entries()) {
    const at = times.get(`at${index}`)
    if (at === undefined) return { ok: false, reason: `${selector} has no sample now, so its age cannot be told` }
    oldest = Math.min(oldest, at)
  }
  const at = Math.floor(oldest - skewMs)
  return { ok: true, samples: values.map((sample) => ({ ...sample, at })) }
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  return Number(text)
}
