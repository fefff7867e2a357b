import * as z from 'zod'
import type { Labels } from '../../domain/alert.ts'
import type { Peer } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import { type Bounds, getJson } from '../http-client/get-json.ts'
import { labelMap } from '../http-client/label-map.ts'

/** One unresolved alert as an Alertmanager has it. */
export interface AlertView {
  readonly fingerprint: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly silencedBy: readonly string[]
  readonly inhibitedBy: readonly string[]
  /** Epoch milliseconds. */
  readonly startsAt: number
  readonly generatorURL: string
  /** Names of the receivers it is routed to. */
  readonly receivers: readonly string[]
}

export type AlertsReply =
  | { readonly ok: true; readonly alerts: readonly AlertView[] }
  | { readonly ok: false; readonly reason: string }

const alertShape = z.object({
  fingerprint: z.string().min(1),
  labels: labelMap,
  annotations: labelMap,
  startsAt: z.iso.datetime({ offset: true }),
  generatorURL: z.string().default(''),
  receivers: z.array(z.object({ name: z.string() })).default([]),
  status: z.object({
    silencedBy: z.array(z.string()).nullable(),
    inhibitedBy: z.array(z.string()).nullable(),
  }),
})

/** All unresolved alerts of this name (all when null): active, silenced, inhibited and not yet processed. */
export async function fetchAlerts(
  peer: Peer,
  alertname: string | null,
  bounds: Bounds & { readonly clock: Clock },
): Promise<AlertsReply> {
  const filter = alertname === null ? '' : `&filter=${encodeURIComponent(`alertname=${quoted(alertname)}`)}`
  const path = `/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true${filter}`
  const reply = await getJson(peer, path, z.array(alertShape), bounds)
  if (!reply.ok) return reply
  return { ok: true, alerts: reply.value.map(viewOf) }
}

function viewOf({ status, startsAt, receivers, ...alert }: z.output<typeof alertShape>): AlertView {
  return {
    ...alert,
    startsAt: Date.parse(startsAt),
    receivers: receivers.map(({ name }) => name),
    silencedBy: status.silencedBy ?? [],
    inhibitedBy: status.inhibitedBy ?? [],
  }
}

/** A matcher's value as Alertmanager reads it. */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
