import type { Pause } from '../../domain/pause.ts'
import { HeparError } from '../errors.ts'
import type { Tx } from '../ports.ts'
import { endLadder } from '../recover/restored.ts'
import type { OperatePorts } from './operate.ts'

/** What is wanted of the stop switch; `null` lifts it. */
export type WantedPause = { readonly reason: string; readonly until: number | null } | null

/**
 * Throws or lifts the stop switch; what waited looks again a few at a time (`waking.ts`). One that is on because the store was restored is
 * lifted only by who says so (`restored`), and nobody makes that of another shorter. Throws `conflict`.
 */
export async function setPause(
  pause: WantedPause,
  by: string,
  ports: OperatePorts,
  { restored = false }: { readonly restored?: boolean } = {},
): Promise<Pause | null> {
  const { store, clock } = ports
  return store.transaction('pause', async (tx) => {
    const now = clock.now()
    const present = await tx.pause()
    if (pause !== null) refuseToShorten(present, pause, { by, now })
    if (present?.restored) await leaveRestored(tx, present, { wanted: pause, confirmed: restored, now }, ports)
    const next: Pause | null = pause && { ...pause, by, since: now }
    await tx.setPause(next)
    const body = next ? { reason: next.reason, until: next.until } : present?.restored ? { restored: true } : {}
    await tx.append([{ type: next ? 'pause.set' : 'pause.cleared', at: now, actor: by, body }])
    return next
  })
}

/** What somebody else has stopped is not ended early by the way: to lift it is a word of its own. */
function refuseToShorten(
  present: Pause | null,
  wanted: Exclude<WantedPause, null>,
  { by, now }: { readonly by: string; readonly now: number },
): void {
  if (present === null || present.restored || present.by === by) return
  if (endOf(present) <= Math.max(now, endOf(wanted))) return
  const until = present.until === null ? 'until it is lifted' : `until ${new Date(present.until).toISOString()}`
  const next = "lift it first (hepar unpause), or place a pause beside it (hepar pause --target '*')"
  throw new HeparError('conflict', `it is on ${until}, by ${present.by}: ${present.reason}; ${next}`)
}

function endOf({ until }: Pick<Pause, 'until'>): number {
  return until ?? Number.POSITIVE_INFINITY
}

/** Refuses to forget that the store was restored; once that is confirmed, what was open before goes to people. */
async function leaveRestored(
  tx: Tx,
  present: Pause,
  { wanted, confirmed, now }: { readonly wanted: WantedPause; readonly confirmed: boolean; readonly now: number },
  ports: OperatePorts,
): Promise<void> {
  if (wanted !== null) throw new HeparError('conflict', `it is on already: ${present.reason}`)
  if (!confirmed) {
    const next = 'look at what Hepar may have done since, then: hepar unpause --restored'
    throw new HeparError('conflict', `the stop switch is on because ${present.reason}; ${next}`)
  }
  const old = new Set(present.restored?.incidents)
  const probed = (await tx.activeAttempts()).filter(({ incident }) => old.has(incident))
  if (probed.length > 0) {
    const targets = probed.map(({ target }) => target).slice(0, 5)
    const next = 'try again in a while'
    throw new HeparError('conflict', `attempts of the backup are still being probed (${targets.join(', ')}): ${next}`)
  }
  for (const id of old) {
    const incident = await tx.incident(id)
    if (incident !== null) await endLadder(tx, incident, now, ports)
  }
}
