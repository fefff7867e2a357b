import { outcomeUnknown } from './outcome-unknown.ts'
import { isOwnUnit, restartUnit, type UnitState, wordsOf } from './systemctl.ts'

// What is left of the step's time after systemctl, to say how it ended.
const reportMs = 500

/** Why a unit is never restarted, whatever state it is in, or `null`. */
export function whyNeverUnit(state: UnitState, unit: string): string | null {
  if (state.load === 'masked') return `${unit} is masked: somebody forbids its start`
  if (state.load !== 'loaded')
    return `systemd does not know ${unit} (${state.load || 'it says nothing'}): correct its name`
  if (state.id !== unit) return `${unit} is another name of ${state.id}: configure that one`
  return isOwnUnit(state) ? 'Hepar itself runs in it' : null
}

/** Resolves when systemd says that the restart is done. What is cut off goes on, so its outcome is unknown. */
export async function restartUnitWithin(
  unit: string,
  { signal, deadlineAt }: { readonly signal: AbortSignal; readonly deadlineAt: number },
): Promise<void> {
  const timeoutMs = deadlineAt - Date.now() - reportMs
  if (timeoutMs <= 0) throw new Error("nothing was done: no time is left of the step's timeout; raise it")
  const ended = await restartUnit(unit, signal, timeoutMs)
  // The job that was asked for goes on without systemctl.
  if (ended.code === null) throw outcomeUnknown(`the restart was asked for, but ${wordsOf(ended)}`)
  if (ended.code === 0) return
  throw new Error(`systemd could not restart ${unit}: ${wordsOf(ended)}; see: journalctl -u ${unit}`)
}
