import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'
import type { Peer } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import { labelMap } from '../http-client/label-map.ts'

/** One alerting rule as Prometheus has it loaded, with its active alerts. Times are epoch milliseconds of our clock. */
export interface RuleView {
  readonly name: string
  readonly labels: Labels
  readonly healthy: boolean
  readonly problem: string
  /** Every evaluation up to here is in `alerts`; null before the first. */
  readonly evaluatedAt: number | null
  readonly alerts: readonly { readonly labels: Labels; readonly state: 'pending' | 'firing' }[]
}

export type RulesReply =
  | { readonly ok: true; readonly rules: readonly RuleView[] }
  | { readonly ok: false; readonly reason: string }

export type RecordedReply =
  | { readonly ok: true; readonly names: ReadonlySet<string> }
  | { readonly ok: false; readonly reason: string }

const alertShape = z.object({ labels: labelMap, state: z.string() })
const ruleShape = z.object({
  type: z.string(),
  name: z.string(),
  labels: labelMap.optional(),
  health: z.string().default('unknown'),
  lastError: z.string().optional(),
  lastEvaluation: z.string().optional(),
  alerts: z.array(alertShape).nullish(),
})
const groupShape = z.object({ rules: z.array(ruleShape), lastEvaluation: z.string().optional() })
const replyShape = z.object({
  status: z.literal('success'),
  data: z.object({ groups: z.array(groupShape).nullable() }),
  warnings: z.array(z.string()).nullish(),
})

/** The alerting rules of this name (all when null). Prometheus before 2.43 ignores the name and sends all: still filtered here. */
export async function fetchAlertingRules(
  peer: Peer,
  name: string | null,
  bounds: Bounds & { readonly clock: Clock },
): Promise<RulesReply> {
  const filter = name === null ? '' : `&rule_name[]=${encodeURIComponent(name)}`
  const reply = await getJson(peer, `/api/v1/rules?type=alert${filter}`, replyShape, bounds)
  if (!reply.ok) return reply
  const { data, warnings } = reply.value
  if (warnings?.length) return { ok: false, reason: `Prometheus sent an incomplete list of rules: ${warnings[0]}` }
  const rules: RuleView[] = []
  for (const group of data.groups ?? []) {
    for (const rule of group.rules) {
      if (rule.type !== 'alerting' || (name !== null && rule.name !== name)) continue
      rules.push(viewOf(rule, group.lastEvaluation, reply.skewMs))
    }
  }
  return { ok: true, rules }
}

/** The names of all recording rules. */
export async function fetchRecordedNames(
  peer: Peer,
  bounds: Bounds & { readonly clock: Clock },
): Promise<
  { readonly ok: true; readonly names: ReadonlySet<string> } | { readonly ok: false; readonly reason: string }
> {
  const reply = await getJson(peer, '/api/v1/rules?type=record', replyShape, bounds)
  if (!reply.ok) return reply
  const rules = (reply.value.data.groups ?? []).flatMap((group) => group.rules)
  return { ok: true, names: new Set(rules.filter(({ type }) => type === 'recording').map(({ name }) => name)) }
}

function viewOf(rule: z.output<typeof ruleShape>, groupEvaluation: string | undefined, skewMs: number): RuleView {
  // While a group is being evaluated, some of its rules are newer than others: the older of both times holds for all.
  const times = [rule.lastEvaluation, groupEvaluation].filter((text) => text !== undefined).map(Date.parse)
  const evaluatedAt = Math.min(...times)
  return {
    name: rule.name,
    labels: rule.labels ?? Object.create(null),
    healthy: rule.health === 'ok',
    problem: rule.lastError ?? '',
    evaluatedAt: evaluatedAt > 0 && Number.isFinite(evaluatedAt) ? evaluatedAt - skewMs : null,
    // Any state but inactive, also one that a later version invents, counts as active.
    alerts: (rule.alerts ?? [])
      .filter(({ state }) => state !== 'inactive')
      .map(({ labels, state }) => ({ labels, state: state === 'pending' ? 'pending' : 'firing' })),
  }
}
