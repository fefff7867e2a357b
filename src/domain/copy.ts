/** What a copy of a store knows about itself: whose state it has, and since when it knows nothing more. */
export interface StoreCopy {
  /** When it was taken, epoch milliseconds. */
  readonly takenAt: number
  /** The last event it has; 0 when it has none. */
  readonly seq: number
  readonly mac: string
}
