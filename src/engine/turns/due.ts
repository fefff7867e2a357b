/** Incidents that are due and ask for the same kind of turn, most overdue first. Times are epoch milliseconds. */
export interface Lane {
  /** `null` for those with an effect under way, to be proven or held; those of a playbook wait to act, or for a person. */
  readonly playbook: string | null
  readonly due: readonly { readonly id: string; readonly dueAt: number }[]
}

/** What the store says of when incidents want their turn. */
export interface DueReads {
  /** Ids of incidents whose `dueAt` has come, most overdue first. */
  due(now: number, limit: number): Promise<readonly string[]>
  /** The same by lanes, at most `limit` of each. */
  lanes(now: number, limit: number): Promise<readonly Lane[]>
  nextDueAt(): Promise<number | null>
  /** How many quiet incidents of a playbook come due at this moment or later; counts no further than `max`. */
  dueFrom(playbook: string, from: number, max: number): Promise<number>
}
