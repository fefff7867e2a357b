import type { Arrivals, StormRecord } from '../../domain/storm.ts'

/** Targets of some playbooks, besides one, that are ill or under an effect; `some` names a few of them. */
export interface Unwell {
  readonly others: number
  readonly some: readonly string[]
}

/** Openings and reopenings of incidents in the log: after an event, between two times, without some playbooks. */
export interface ArrivalFilter {
  readonly after: number
  readonly from: number
  readonly until: number
  readonly except: ReadonlySet<string>
}

/** What tells a mass failure from single faults. */
export interface MassReads {
  /** Those with an open incident of the playbooks, an attempt that is not concluded, or a temporary effect in force. */
  unwellBesides(playbooks: readonly string[], target: string): Promise<Unwell>
  stormRecord(): Promise<StormRecord>
  /** When the arrival happened that `later` others followed, or `null` when there were not as many. */
  arrivalAt(filter: ArrivalFilter, later: number): Promise<number | null>
  /** The arrivals by playbook and by target, the most frequent first. */
  arrivals(filter: ArrivalFilter, namesMax: number): Promise<Arrivals>
}

export interface MassWrites {
  setStormRecord(record: StormRecord): Promise<void>
}
