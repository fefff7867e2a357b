import type { TargetId } from './targets.ts'

export interface BenchOptions {
  /** Pairs that are measured and counted. */
  readonly rounds: number
  /** Smaller stores and loads: enough to see that everything works, not to claim a figure. */
  readonly quick: boolean
  readonly say: (line: string) => void
}

/** One target with what was measured of it. `value` is in the target's own unit, `figure` the same in words. */
export interface Outcome {
  readonly id: TargetId
  readonly value: number
  readonly figure: string
  /** How it was measured, with the figures it comes from. */
  readonly detail: string
}

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

export interface Findings {
  readonly outcomes: readonly Outcome[]
  readonly tables?: readonly Table[]
}

export type Section = (options: BenchOptions) => Promise<Findings>
