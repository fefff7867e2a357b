import type { Pause, ScopedPause } from '../../domain/pause.ts'

/** What the store knows of pauses. */
export interface PauseReads {
  /** The stop switch. */
  pause(): Promise<Pause | null>
  /** Pauses in force, to come, or expired a while ago, oldest first; at most `pausesMax`. */
  pauses(): Promise<readonly ScopedPause[]>
}

export interface PauseWrites {
  setPause(pause: Pause | null): Promise<void>
  insertPause(pause: ScopedPause): Promise<void>
  /** Resolves to what was removed, or `null`. */
  removePause(id: string): Promise<ScopedPause | null>
}
