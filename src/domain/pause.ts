import { matchesGlob } from './glob.ts'
import type { Schedule } from './schedule.ts'

/** The stop switch. `until` is epoch milliseconds, `null` for until lifted. */
export interface Pause {
  readonly reason: string
  readonly by: string
  readonly since: number
  readonly until: number | null
  /** Set when it is on because the store was restored from a backup: lifting it is the word that the world was looked at. */
  readonly restored?: {
    /** Incidents whose effects were under way in the backup. */
    readonly incidents: readonly string[]
  }
}

/** What a pause is about: globs over the playbook's name and the target's written form, `null` for any. */
export interface PauseScope {
  readonly playbook: string | null
  readonly target: string | null
}

/** One reason among several not to act, beside the stop switch. Times are epoch milliseconds. */
export interface ScopedPause extends PauseScope {
  readonly id: string
  readonly reason: string
  readonly by: string
  /** When it was made. */
  readonly since: number
  /** When it begins to hold, which may be in the future. */
  readonly from: number
  /** `null` for until lifted. */
  readonly until: number | null
  /** A window of maintenance: hand-overs wait, too. */
  readonly maintenance: boolean
}

/** A window of maintenance that the configuration names. */
export interface MaintenanceWindow extends PauseScope, Schedule {
  readonly name: string
  readonly reason: string
}

/** Pauses that are stored at once, in force or to come. */
export const pausesMax = 100

/** In a glob of a pause `*` also stands for slashes: one that covers more than was meant does no harm. */
export function covers(scope: PauseScope, { playbook, target }: { playbook: string; target: string }): boolean {
  return (
    (scope.playbook === null || matchesGlob(scope.playbook, playbook)) &&
    (scope.target === null || matchesGlob(scope.target, target))
  )
}

/** What a pause is about, in words. */
export function scopeWords({ playbook, target }: PauseScope): string {
  const words = [playbook === null ? null : `playbook ${playbook}`, target === null ? null : `target ${target}`]
  return words.filter((word) => word !== null).join(', ') || 'everything'
}
