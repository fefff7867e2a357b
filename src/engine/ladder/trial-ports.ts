import type { Incident } from '../../domain/incident.ts'
import type { Demotion, OwnEffect, Trial } from '../../domain/trial.ts'

/** What the store remembers of what was tried; a part of `Reads`. */
export interface TrialReads {
  /** Newest first; `steps` are step keys. */
  trials(filter: {
    readonly playbook?: string
    readonly steps?: readonly string[]
    readonly targetClass?: string
    readonly target?: string
    readonly since: number
    readonly limit: number
  }): Promise<readonly Trial[]>
  /** The latest one of this playbook, in force or not. */
  demotion(playbook: string): Promise<Demotion | null>
  demotions(): Promise<readonly Demotion[]>
  /** The latest effect of Hepar on one of these. */
  ownEffect(objects: readonly string[]): Promise<OwnEffect | null>
}

/** How it is remembered; a part of `Tx`. */
export interface TrialWrites {
  /** Forgets what is older than `trialsKeptMs`, and of the same step and class what is beyond `trialsKeptMax`. */
  addTrial(trial: Trial): Promise<void>
  /** Notes of the latest trial of this incident, if it healed, that the target fell ill again. */
  relapse(incident: Pick<Incident, 'id' | 'playbook' | 'target'>): Promise<void>
  saveDemotion(demotion: Demotion): Promise<void>
  /** In place of earlier ones on the same objects. */
  saveOwnEffects(effects: readonly OwnEffect[]): Promise<void>
}
