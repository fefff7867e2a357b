import { createRandom, drawManner, type Illness } from '../crash/schedule.ts'
import { type SourceFault, sourceFaults } from './source.ts'

/** What goes wrong with the process itself, and how long it lasts. */
export type ProcessFault = {
  readonly kind: 'kill' | 'suspend' | 'rules-changed' | 'rules-broken'
  readonly atMs: number
  readonly lastsMs: number
}

/** What goes wrong around it. */
export type WorldFault =
  | { readonly kind: 'source'; readonly how: SourceFault; readonly atMs: number; readonly lastsMs: number }
  | { readonly kind: 'channel'; readonly how: ChannelFault; readonly atMs: number; readonly lastsMs: number }
  | { readonly kind: 'stop-switch' | 'burst'; readonly atMs: number; readonly lastsMs: number }

export const channelFaults = ['errors', 'hangs', 'resets'] as const
export type ChannelFault = (typeof channelFaults)[number]

/** Everything a soak does by chance; the same seed gives the same schedule. Times count from its beginning. */
export interface SoakSchedule {
  readonly process: readonly ProcessFault[]
  readonly world: readonly WorldFault[]
  readonly illnesses: readonly Illness[]
  /** From here on nobody kills Hepar: what is measured is measured of this life. */
  readonly quietFromMs: number
  /** From here on nothing goes wrong any more. */
  readonly calmFromMs: number
}

const quietFrom = 0.35
const calmFrom = 0.94
const illnessEveryMs = 3_000
const faultEveryMs = { least: 2_500, most: 12_000, share: 1 / 60 } as const

export function drawSoak(seed: number, totalMs: number): SoakSchedule {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const one = <T>(...of: readonly T[]): T => of[below(of.length)]!
  const quietFromMs = totalMs * quietFrom
  const calmFromMs = totalMs * calmFrom
  const everyMs = Math.min(faultEveryMs.most, Math.max(faultEveryMs.least, totalMs * faultEveryMs.share))
  // A short run has short faults, so that it has several.
  const short = everyMs / faultEveryMs.most
  const lasts = (leastMs: number, moreMs: number) => Math.round((leastMs + below(moreMs)) * Math.max(0.3, short))
  const times = (most: number) => {
    const all: number[] = []
    for (let at = everyMs / 2 + below(everyMs); at < most; at += everyMs / 2 + below(everyMs)) all.push(at)
    return all
  }
  const drawProcess = (atMs: number): ProcessFault => {
    const isQuiet = atMs > quietFromMs - everyMs
    const kind = isQuiet
      ? one('suspend', 'rules-changed', 'rules-broken')
      : one('kill', 'kill', 'suspend', 'rules-changed', 'rules-broken')
    return { kind, atMs, lastsMs: kind === 'kill' ? below(1_500) : lasts(2_000, 5_000) }
  }
  const drawWorld = (atMs: number): WorldFault => {
    const kind = one('source', 'source', 'channel', 'channel', 'stop-switch', 'burst')
    if (kind === 'source') return { kind, how: one(...sourceFaults), atMs, lastsMs: lasts(3_000, 9_000) }
    if (kind === 'channel') return { kind, how: one(...channelFaults), atMs, lastsMs: lasts(3_000, 9_000) }
    return { kind, atMs, lastsMs: kind === 'burst' ? 0 : lasts(2_000, 4_000) }
  }
  // One kill in any case, so that a short run has something to come back from.
  const first: ProcessFault = { kind: 'kill', atMs: Math.min(4_000, quietFromMs / 2), lastsMs: 200 }
  const process = [
    first,
    ...times(calmFromMs)
      .filter((at) => at > first.atMs + everyMs / 2)
      .map(drawProcess),
  ]
  return { process, world: times(calmFromMs).map(drawWorld), illnesses: drawIllnesses(), quietFromMs, calmFromMs }

  function drawIllnesses(): readonly Illness[] {
    const drawn: Illness[] = []
    for (
      let atMs = 500;
      atMs < calmFromMs;
      atMs += (illnessEveryMs / 2 + below(illnessEveryMs)) * Math.max(0.4, short)
    ) {
      drawn.push({ round: 0, delayMs: Math.round(atMs), patient: `p${drawn.length}`, ...drawManner(below) })
    }
    const afterwards = [0, 1, 2].map((index) => ({
      round: 1,
      delayMs: below(1_000),
      patient: `afterwards${index}`,
      alertname: 'Ill',
      manner: { cures: true, takesMs: below(400) },
    }))
    return [...drawn, ...afterwards]
  }
}
