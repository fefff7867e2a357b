import type { Labels } from './alert.ts'

/** A silence as Hepar sets it while an attempt heals: for the alert of exactly these labels. Times are epoch milliseconds. */
export interface HealingSilence {
  readonly id: string
  readonly attempt: string
  readonly labels: Labels
  readonly endsAt: number
}
