import { setImmediate as breathe } from 'node:timers/promises'
import type { AuditEvent } from '../domain/audit.ts'
import { type Credit, credits, type Ending, endings } from '../domain/incident.ts'
import type { Reads } from '../engine/ports.ts'

export interface Spread {
  readonly count: number
  readonly meanSeconds: number | null
  readonly p50Seconds: number | null
  readonly p90Seconds: number | null
}

/** What the closings of a window say, in total and by playbook. */
export interface Statistics {
  readonly closed: number
  readonly byEnding: Readonly<Record<Ending, number>>
  /** Healed and mitigated incidents among those where an effect was tried; `null` when none was. */
  readonly successShare: number | null
  /** Recovery times by who is credited. */
  readonly recovery: Readonly<Record<Credit, Spread>>
}

export interface StatisticsReport {
  readonly total: Statistics
  readonly byPlaybook: Readonly<Record<string, Statistics>>
  /** True when the window held more closings than are read at once: the oldest ones count. */
  readonly cut: boolean
}

const pageSize = 1_000
const closingsMax = 100_000

/** Reads the closings since a time (epoch milliseconds) from the log and sums them up. */
export async function readStatistics(
  reads: Reads,
  since: number,
  playbook: string | undefined,
): Promise<StatisticsReport> {
  let after = await lastBefore(reads, since)
  const closings: AuditEvent[] = []
  for (let more = true; more && closings.length < closingsMax; ) {
    const page = await reads.audit({ types: ['incident.closed'], after, limit: pageSize })
    closings.push(
      ...page.filter((event) => event.at >= since && (playbook === undefined || event.playbook === playbook)),
    )
    after = page.at(-1)?.seq ?? after
    more = page.length === pageSize
    // Whoever asks for a long past must not keep deliveries waiting.
    await breathe()
  }
  const groups = Map.groupBy(closings, (event) => event.playbook ?? 'manual')
  const byPlaybook = Object.fromEntries([...groups].sort().map(([name, events]) => [name, summarise(events)]))
  return { total: summarise(closings), byPlaybook, cut: closings.length >= closingsMax }
}

/** The last sequence number written before a time: the log is in order of time, so halving finds it without a scan. */
async function lastBefore(reads: Reads, since: number): Promise<number> {
  let low = 0
  let high = (await reads.auditHead()).seq
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [event] = await reads.audit({ after: middle, limit: 1 })
    if (event !== undefined && event.at < since) low = event.seq
    else high = middle
  }
  return low
}

function summarise(closings: readonly AuditEvent[]): Statistics {
  const byEnding = Object.fromEntries(endings.map((ending) => [ending, 0])) as Record<Ending, number>
  const seconds = { automation: [] as number[], human: [] as number[], self: [] as number[] }
  let tried = 0
  let healed = 0
  for (const { body } of closings) {
    const ending = endings.find((known) => known === body?.ending)
    if (ending !== undefined) byEnding[ending] += 1
    if (typeof body?.attempts === 'number' && body.attempts > 0) {
      tried += 1
      if (ending === 'healed' || ending === 'mitigated') healed += 1
    }
    const by = credits.find((known) => known === body?.by)
    if (by !== undefined && typeof body?.recoverySeconds === 'number') seconds[by].push(body.recoverySeconds)
  }
  return {
    closed: closings.length,
    byEnding,
    successShare: tried === 0 ? null : healed / tried,
    recovery: { automation: spread(seconds.automation), human: spread(seconds.human), self: spread(seconds.self) },
  }
}

export function spread(values: number[]): Spread {
  if (values.length === 0) return { count: 0, meanSeconds: null, p50Seconds: null, p90Seconds: null }
  values.sort((a, b) => a - b)
  const at = (share: number) => values[Math.min(values.length - 1, Math.ceil(share * values.length) - 1)] as number
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { count: values.length, meanSeconds: mean, p50Seconds: at(0.5), p90Seconds: at(0.9) }
}
