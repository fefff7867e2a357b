/** What the configuration says about the past. */
export interface Retention {
  /** Events older than this may go; `null` keeps them whatever their age. */
  readonly auditMs: number | null
  /** The oldest go when the store comes near to this. */
  readonly bytesMax: number
}

/** Why something was removed. */
export type RetentionRule = 'age' | 'bytes'

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
