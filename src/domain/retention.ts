/** What the configuration says about the past. */
export interface Retention {
  /** Events older than this may go; `null` keeps them whatever their age. */
  readonly auditMs: number | null
  /** The oldest go when the store comes near to this. */
  readonly bytesMax: number
}

/** Why something was removed. */
export type RetentionRule = 'age' | 'bytes'

/** What goes, by the keys of the event that says so. */
export const prunedKinds = ['events', 'incidents', 'attempts', 'alerts', 'messages'] as const

/** How much the store takes, in bytes. */
export interface StoreSize {
  /** In use. */
  readonly liveBytes: number
  /** Of the file that are free for what comes. */
  readonly freeBytes: number
}

/** A run of events that are no longer in the log, and what the chain was at its end. */
export interface Gap {
  readonly from: number
  readonly to: number
  /** Of the last event that was removed. */
  readonly mac: string
  readonly keyId: string
}

/** Events that may go, in runs without a break; found and verified before anything is removed. */
export interface PrunableEvents {
  readonly runs: readonly Gap[]
  readonly count: number
  /** The incidents they belong to. */
  readonly incidents: readonly string[]
  /** Time of the youngest, epoch milliseconds. */
  readonly youngestAt: number
}

/** Up to when things of the past may go, in epoch milliseconds. Whatever has not ended stays. */
export interface PastEnds {
  /** Incidents without attempts, closed before. */
  readonly incidents: number
  /** Incidents with attempts, closed before. */
  readonly attempts: number
  /** Resolved alerts, last heard of before. */
  readonly alerts: number
  /** Messages that were sent or given up, made before. */
  readonly messages: number
}

/** How many rows went. */
export interface PrunedRows {
  readonly incidents: number
  readonly attempts: number
  readonly alerts: number
  readonly messages: number
}

/** Which events may go, and how much of the log is looked at. */
export interface PruneOrder {
  /** Events from this time on stay, epoch milliseconds. */
  readonly before: number
  /** Events of incidents that closed from this time on stay; those of open ones always do. */
  readonly closedBefore: number
  readonly rowsMax: number
}

export type Prunable =
  | {
      readonly ok: true
      /** `null` when nothing of what was looked at may go. */
      readonly events: PrunableEvents | null
      /** True when everything that the order lets go has been found. */
      readonly done: boolean
      /** Open incidents keep so many separate runs that the log cannot be thinned out further. */
      readonly crowded: boolean
    }
  /** What lies there does not verify: evidence, which must not be removed. */
  | { readonly ok: false; readonly reason: string }

/** Looks for events that may go, from the oldest on; each call goes on where the one before ended. */
export interface PrunableFinder {
  restart(): void
  next(order: PruneOrder): Promise<Prunable>
}
