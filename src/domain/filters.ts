import type { AuditType } from './audit.ts'
import type { Ending, IncidentState } from './incident.ts'

/** Which incidents are listed, newest first. */
export interface IncidentFilter {
  readonly states?: readonly IncidentState[]
  readonly endings?: readonly Ending[]
  readonly playbook?: string
  readonly target?: string
  /** Opened at or after, epoch milliseconds. */
  readonly since?: number
  /** Incidents older than this id (newest first). */
  readonly before?: string
  readonly limit: number
}

/** Which audit events are listed, oldest first. */
export interface AuditFilter {
  readonly incident?: string
  readonly types?: readonly AuditType[]
  /** Events with a greater sequence number. */
  readonly after?: number
  readonly limit: number
}
