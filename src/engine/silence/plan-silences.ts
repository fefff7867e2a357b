import type { AlertRecord, Labels } from '../../domain/alert.ts'
import type { Attempt } from '../../domain/attempt.ts'
import { type Policy, playbookOf } from '../../domain/policy.ts'
import type { HealingSilence } from '../../domain/silence.ts'
import { digestOf } from '../digest.ts'
import type { Reads } from '../ports.ts'
import { alertsOfIllness } from '../prove/present-illness.ts'

/** Beyond it, further alerts of one incident stay audible. */
const silencesPerAttemptMax = 20

/** A silence that ought to be there now: for one firing alert of an incident with an attempt under way. */
export interface WantedSilence {
  readonly attempt: Attempt
  readonly source: string
  readonly fingerprint: string
  readonly labels: Labels
}

export type SilenceCommand =
  | { readonly do: 'set'; readonly wanted: WantedSilence }
  | { readonly do: 'extend'; readonly wanted: WantedSilence; readonly id: string }
  | { readonly do: 'expire'; readonly silence: HealingSilence }

/** What the attempts under way want silenced, under the playbooks in force. */
export async function wantedSilences(read: Reads, policy: Policy): Promise<readonly WantedSilence[]> {
  const wanted: WantedSilence[] = []
  for (const attempt of await read.activeAttempts()) {
    const incident = await read.incident(attempt.incident)
    if (incident === null || !playbookOf(incident, policy)?.silence) continue
    const firing = (await alertsOfIllness(read, incident)).filter(({ status }) => status === 'firing')
    wanted.push(...firing.slice(0, silencesPerAttemptMax).map((alert) => wantedFor(attempt, alert)))
  }
  return wanted
}

function wantedFor(attempt: Attempt, { source, fingerprint, labels }: AlertRecord): WantedSilence {
  return { attempt, source, fingerprint, labels }
}

/** What makes the silences of one Alertmanager what they ought to be: those missing, those soon over, those nobody wants. Pure. */
export function planSilences(
  wanted: readonly WantedSilence[],
  ours: readonly HealingSilence[],
  { now, ttlMs }: { readonly now: number; readonly ttlMs: number },
): readonly SilenceCommand[] {
  const missing = new Map(wanted.map((one) => [keyOf(one.attempt.id, one.labels), one]))
  const commands: SilenceCommand[] = []
  // In the same order everywhere, so that of two that gossip brought together every Alertmanager keeps the same.
  for (const silence of ours.toSorted((a, b) => a.id.localeCompare(b.id))) {
    const key = keyOf(silence.attempt, silence.labels)
    const one = missing.get(key)
    missing.delete(key)
    if (one === undefined) commands.push({ do: 'expire', silence })
    else if (silence.endsAt - now < ttlMs / 2) commands.push({ do: 'extend', wanted: one, id: silence.id })
  }
  return [...commands, ...[...missing.values()].map((one) => ({ do: 'set', wanted: one }) as const)]
}

function keyOf(attempt: string, labels: Labels): string {
  return digestOf([attempt, labels])
}
