import type { AlertRecord } from '../../domain/alert.ts'
import type { Playbook } from '../../domain/playbook.ts'
import { leadingAlert } from '../match/leading-alert.ts'
import type { Clock, Sources } from '../ports.ts'

/** How many targets a playbook has, as its source counts them; `null` where no share is limited. */
export type FleetTotal = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly reason: string }

/** As long as Prometheus itself believes a sample. */
const sampleAgeMaxMs = 300_000

/** Asks the Prometheus of the alert's source. Whatever is not one fresh, finite number from 0 on is no answer. */
export async function askTotal(
  { limits }: Pick<Playbook, 'limits'>,
  alerts: readonly AlertRecord[],
  { sources, clock }: { readonly sources: Sources; readonly clock: Clock },
): Promise<FleetTotal | null> {
  const of = limits.blastRadius?.of ?? null
  if (of === null) return null
  const source = leadingAlert(alerts)?.source
  if (source === undefined) return { ok: false, reason: 'no alert names a source that could be asked' }
  const answer = await sources.query(source, of)
  if (!answer.ok) return answer
  const [sample, ...more] = answer.samples
  if (sample === undefined) return { ok: false, reason: 'the result is empty' }
  if (more.length > 0) return { ok: false, reason: `the result has ${more.length + 1} samples instead of one` }
  if (!Number.isFinite(sample.value) || sample.value < 0) {
    return { ok: false, reason: `the result is ${sample.value}, which is no number of targets` }
  }
  if (sample.at < clock.now() - sampleAgeMaxMs) {
    return { ok: false, reason: `a sample is from ${new Date(sample.at).toISOString()}, which is too old` }
  }
  return { ok: true, value: sample.value }
}
