import { covers, type MaintenanceWindow, type ScopedPause } from '../../domain/pause.ts'
import { stretchAt } from './schedule.ts'

/** Everything that may hold something back beside the stop switch. */
export interface Pausing {
  readonly pauses: readonly ScopedPause[]
  readonly windows: readonly MaintenanceWindow[]
}

export const pauseKinds = ['pause', 'maintenance', 'window'] as const

/** One that holds something back now. `maintenance` and `window` also hold hand-overs. */
export interface PauseInForce {
  /** `window` is one of the configuration; the others are somebody's. */
  readonly kind: (typeof pauseKinds)[number]
  /** Its id, or the window's name. */
  readonly id: string
  readonly reason: string
  readonly by: string
  readonly since: number
  /** `null` for until lifted. */
  readonly until: number | null
}

/** All that are in force at `now`, whatever they are about. */
export function pausesInForce({ pauses, windows }: Pausing, now: number): readonly PauseInForce[] {
  const given = pauses.filter((pause) => hasBegun(pause, now) && (pause.until === null || pause.until > now))
  return [...given.map(ofPause), ...windows.flatMap((window) => ofWindow(window, now))]
}

/** One that began when it was placed stays begun: a clock that is set back lifts nothing. */
export function hasBegun({ since, from }: Pick<ScopedPause, 'since' | 'from'>, now: number): boolean {
  return from <= since || from <= now
}

/** Those that hold this playbook back on this target at `now`. */
export function pausesOver(
  { pauses, windows }: Pausing,
  about: { readonly playbook: string; readonly target: string },
  now: number,
): readonly PauseInForce[] {
  const covering = {
    pauses: pauses.filter((pause) => covers(pause, about)),
    windows: windows.filter((window) => covers(window, about)),
  }
  return pausesInForce(covering, now)
}

/** The maintenance that holds a hand-over back, the one that lasts longest of several; or `null`. */
export function maintenanceOver(
  pausing: Pausing,
  about: { readonly playbook: string; readonly target: string },
  now: number,
): PauseInForce | null {
  const held = pausesOver(pausing, about, now).filter(({ kind }) => kind !== 'pause')
  return held.reduce<PauseInForce | null>((a, b) => (a === null || endOf(b) > endOf(a) ? b : a), null)
}

/** When the last of them ends; `null` when somebody has to lift one. */
export function lastEnd(pauses: readonly PauseInForce[]): number | null {
  const end = Math.max(...pauses.map(endOf))
  return end === Infinity ? null : end
}

function endOf({ until }: PauseInForce): number {
  return until ?? Infinity
}

function ofPause({ id, reason, by, from, until, maintenance }: ScopedPause): PauseInForce {
  return { kind: maintenance ? 'maintenance' : 'pause', id, reason, by, since: from, until }
}

function ofWindow(window: MaintenanceWindow, now: number): readonly PauseInForce[] {
  const stretch = stretchAt(window, now)
  return stretch === null
    ? []
    : [{ kind: 'window', id: window.name, reason: window.reason, by: 'the configuration', ...stretch }]
}
