import { parse } from 'yaml'
import * as z from 'zod'
import type { Peer } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import type { Rewritten } from './same-alert.ts'

export type RewrittenReply =
  | { readonly ok: true; readonly rewritten: Rewritten }
  | { readonly ok: false; readonly reason: string }

const replyShape = z.object({ status: z.literal('success'), data: z.object({ yaml: z.string() }) })

const relabelShape = z.object({ action: z.string().default('replace'), target_label: z.string().default('') })
const alertingShape = z.object({
  alerting: z
    .object({
      alert_relabel_configs: z.array(relabelShape).nullish(),
      alertmanagers: z.array(z.object({ alert_relabel_configs: z.array(relabelShape).nullish() })).nullish(),
    })
    .nullish(),
})

const nothing: Rewritten = new Set()

/**
 * The labels whose values Prometheus' own configuration changes before alerts leave it. A server that does not show its
 * configuration (4xx) is taken to change none; one that does not answer is an error.
 */
export async function fetchRewrittenLabels(
  peer: Peer,
  bounds: Bounds & { readonly clock: Clock },
): Promise<RewrittenReply> {
  const reply = await getJson(peer, '/api/v1/status/config', replyShape, bounds)
  if (reply.ok) return { ok: true, rewritten: rewrittenLabels(reply.value.data.yaml) }
  const hidden = reply.status !== null && reply.status >= 400 && reply.status < 500
  return hidden ? { ok: true, rewritten: nothing } : reply
}

/** Reads a Prometheus configuration's `alerting` section. */
export function rewrittenLabels(configuration: string): Rewritten {
  const section = alertingSection(configuration)
  if (section === '') return nothing
  const alerting = readAlerting(section)
  if (alerting === null) return 'all'
  const { alert_relabel_configs: shared, alertmanagers } = alerting
  const steps = [...(shared ?? []), ...(alertmanagers ?? []).flatMap((one) => one.alert_relabel_configs ?? [])]
  const labels = new Set<string>()
  for (const { action, target_label: target } of steps) {
    if (action === 'labelmap') return 'all'
    if (!['replace', 'hashmod', 'lowercase', 'uppercase'].includes(action)) continue
    if (target.includes('$')) return 'all'
    labels.add(target)
  }
  return labels
}

function readAlerting(section: string): NonNullable<z.output<typeof alertingShape>['alerting']> | null {
  try {
    return alertingShape.parse(parse(section)).alerting ?? {}
  } catch {
    return null
  }
}

// Scrape configurations can be megabytes long; Prometheus prints every section with its name at the start of a line.
function alertingSection(configuration: string): string {
  const lines = configuration.split('\n')
  const start = lines.findIndex((line) => line.startsWith('alerting:'))
  if (start < 0) return ''
  const length = lines.slice(start + 1).findIndex((line) => /^\S/.test(line))
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}
