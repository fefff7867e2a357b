import { pausesMax, type ScopedPause } from '../../domain/pause.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import { HeparError } from '../errors.ts'
import type { Tx } from '../ports.ts'
import type { OperatePorts } from './operate.ts'

/** What is wanted of a new pause; `from: null` begins at once, `until: null` holds until it is lifted. */
export type WantedScopedPause = Omit<ScopedPause, 'id' | 'by' | 'since' | 'from'> & { readonly from: number | null }

/** Places one more pause. Running effects finish. */
export async function placePause(wanted: WantedScopedPause, by: string, ports: OperatePorts): Promise<ScopedPause> {
  const { store, clock, newId } = ports
  refuseUnknown(wanted.playbook, ports)
  return store.transaction('pause', async (tx) => {
    const now = clock.now()
    const from = Math.max(wanted.from ?? now, now)
    const pause: ScopedPause = { ...wanted, id: newId(now), by, since: now, from }
    if (pause.until !== null && pause.until <= from) {
      throw new HeparError('invalid', 'the pause would end before it begins: give a later end')
    }
    await forgetExpired(tx, now)
    if ((await tx.pauses()).length >= pausesMax) {
      throw new HeparError('conflict', `there are ${pausesMax} pauses already: lift one, or place a wider one`)
    }
    await tx.insertPause(pause)
    await tx.append([{ type: 'pause.placed', at: now, actor: by, body: bodyOf(pause) }])
    return pause
  })
}

/** Lifts one pause; what waited for it looks again a few at a time (`waking.ts`). */
export async function liftPause(id: string, by: string, { store, clock }: OperatePorts): Promise<ScopedPause> {
  return store.transaction('pause', async (tx) => {
    const pause = await tx.removePause(id)
    if (pause === null)
      throw new HeparError('not_found', `there is no pause ${id}`, {
        next: 'List them with `hepar pause --list`, or GET /api/v1/pauses.',
      })
    const body = { ...bodyOf(pause), placedBy: pause.by }
    await tx.append([{ type: 'pause.lifted', at: clock.now(), actor: by, body }])
    return pause
  })
}

function bodyOf({ id, playbook, target, reason, from, until, maintenance }: ScopedPause) {
  return { id, playbook, target, reason, from, until, maintenance }
}

async function forgetExpired(tx: Tx, now: number): Promise<void> {
  for (const { id, until } of await tx.pauses()) if (until !== null && until <= now) await tx.removePause(id)
}

/** A pause with a slip of the pen in it would be believed and hold nothing. */
function refuseUnknown(playbook: string | null, { policy }: OperatePorts): void {
  if (playbook === null || /[*?]/.test(playbook)) return
  const names = ['manual', ...policy.current().playbooks.map(({ name }) => name)]
  if (names.includes(playbook)) return
  throw new HeparError('invalid', `no playbook "${playbook}" is loaded${didYouMean(playbook, names)}`)
}
