export const incidentStates = [
  'open',
  'waiting',
  'awaiting_approval',
  'acting',
  'verifying',
  'holding',
  'handed_over',
  'closed',
] as const
export type IncidentState = (typeof incidentStates)[number]

export const endings = [
  'healed',
  'mitigated',
  'self_recovered',
  'escalated',
  'unverified',
  'refused',
  'cancelled',
] as const
export type Ending = (typeof endings)[number]

/** Who is credited with the end of an illness. */
export const credits = ['automation', 'human', 'self'] as const
export type Credit = (typeof credits)[number]

/** Which states may follow which; the store refuses everything else. `closed → open` is a reopening. */
export const transitions: Readonly<Record<IncidentState, readonly IncidentState[]>> = {
  open: ['open', 'waiting', 'awaiting_approval', 'acting', 'handed_over', 'closed'],
  waiting: ['open', 'waiting', 'awaiting_approval', 'acting', 'handed_over', 'closed'],
  awaiting_approval: ['open', 'waiting', 'awaiting_approval', 'acting', 'handed_over', 'closed'],
  acting: ['acting', 'verifying', 'open', 'holding', 'handed_over', 'closed'],
  verifying: ['verifying', 'open', 'holding', 'handed_over', 'closed'],
  // A temporary effect is in force: it is taken back before anything ends.
  holding: ['holding', 'acting', 'handed_over'],
  handed_over: ['handed_over', 'open', 'acting', 'closed'],
  closed: ['open'],
}

/** Why an incident waits, in words and data: the answer to "why not". */
export interface Waiting {
  readonly gate: string
  readonly reason: string
  /** Epoch milliseconds when it is looked at again at the latest; `null` when only an event can unblock it. */
  readonly until: number | null
  readonly unblock: string
  /** Targets it waits for, whose recovery lets it look again. */
  readonly on?: readonly string[]
}

/** A hand-over that is due, though something may still hold it back. */
export interface OwedHandOver {
  readonly channel: string | null
  readonly reason: string
}

/** One playbook × one target while it is ill. Times are epoch milliseconds. */
export interface Incident {
  readonly id: string
  readonly playbook: string
  /** Revision of the playbook at the last assessment. */
  readonly playbookRevision: string
  readonly target: string
  readonly state: IncidentState
  readonly ending: Ending | null
  readonly reason: string
  readonly openedAt: number
  /** Start of the present illness by its alert's `startsAt`, never later than `acceptedAt`. */
  readonly illSince: number
  /** When Hepar accepted the present illness: `openedAt`, or the reopening. */
  readonly acceptedAt: number
  /** Earliest `startsAt` the alerts named, never later than `openedAt`. */
  readonly startsAt: number
  readonly closedAt: number | null
  readonly updatedAt: number
  /** Place in its ladder of the step to try next. */
  readonly step: number
  /** The ladder as it was chosen for this illness; `null` for the playbook's own, from the first step to the last. */
  readonly ladder: Ladder | null
  readonly attempts: number
  /** True once an effect has begun, or may have, during this incident. */
  readonly touched: boolean
  readonly reopenings: number
  readonly handedOverAt: number | null
  /** When a person was last told of it, in this illness or an earlier one. */
  readonly toldAt: number | null
  readonly waiting: Waiting | null
  /** Since when a gate has blocked without a break; bounds the wait. */
  readonly blockedSince: number | null
  /** Policy revision under which `would_run` or `ask` was recorded: at most one per revision. */
  readonly wouldRunRevision: string | null
  /** Until when the temporary effect in force stays at least; `null` when there is none, or it is to be taken back at once. */
  readonly holdUntil: number | null
  /** Set when an operator cancelled while an effect was running. */
  readonly cancelRequestedBy: string | null
  /** Who is credited with the recovery when a human took part. */
  readonly human: boolean
  /** Since when its alerts are resolved but no oracle has confirmed it. */
  readonly unconfirmedSince: number | null
  /** When `advance` should look again; `null` only when closed. */
  readonly dueAt: number | null
  /** Compare-and-set: every save names the version it read. */
  readonly version: number
  /** A hand-over that nothing but a cancel takes back, not even a recovery; `null` when none is owed. */
  readonly owed: OwedHandOver | null
  /** Set for a manual heal, which has no playbook file: the action, its parameters and who asked. */
  readonly manual: ManualHeal | null
}

/** Which steps of a playbook an incident tries, and in which order. */
export interface Ladder {
  /** Of the playbook's file: another revision has other steps. */
  readonly revision: string
  /** Indexes into the playbook's steps. */
  readonly order: readonly number[]
}

export interface ManualHeal {
  readonly action: string
  readonly with: { readonly [key: string]: unknown }
  readonly by: string
  readonly reason: string
}
