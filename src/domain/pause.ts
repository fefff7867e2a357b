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
