import type { Incident } from '../../domain/incident.ts'
import type { ActionStep, Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'

/** What is to be assessed: one step of one incident under one policy. */
export interface Assessment {
  readonly incident: Incident
  readonly playbook: Playbook
  readonly step: ActionStep
  /** Index of the step in the playbook, whatever its place in the incident's own ladder. */
  readonly stepIndex: number
  readonly policy: Policy
}
