import type { JsonObject } from './json.ts'

export const auditTypes = [
  'engine.started',
  'engine.stopping',
  'config.loaded',
  'config.refused',
  'delivery.received',
  'alert.changed',
  'incident.opened',
  'incident.attached',
  'incident.reopened',
  'incident.ladder_chosen',
  'incident.waiting',
  'incident.assessed',
  'incident.would_run',
  'incident.holding',
  'incident.handed_over',
  'incident.left_alone',
  'incident.resumed',
  'incident.cancel_requested',
  'incident.closed',
  'approval.asked',
  'approval.endorsed',
  'approval.decided',
  'approval.voided',
  'approval.expired',
  'attempt.intended',
  'attempt.effect_ended',
  'attempt.probed',
  'attempt.concluded',
  'runner.survivor_ended',
  'playbook.demoted',
  'playbook.promoted',
  'silence.set',
  'silence.expired',
  'silence.failed',
  'pause.set',
  'pause.cleared',
  'storm.latched',
  'storm.ramped',
  'storm.released',
  'pause.placed',
  'pause.lifted',
  'notification.sent',
  'notification.failed',
  'token.created',
  'token.revoked',
  'audit.key_changed',
  'retention.pruned',
  'store.restored',
] as const
export type AuditType = (typeof auditTypes)[number]

/** An event before the store gives it its place in the chain. */
export interface NewAuditEvent {
  readonly type: AuditType
  readonly at: number
  /** Who did it: `engine`, `webhook:<token>`, `operator:<token>`, `cli`. */
  readonly actor: string
  readonly incident?: string | null
  readonly attempt?: string | null
  readonly playbook?: string | null
  readonly target?: string | null
  readonly body: JsonObject
}

/** One immutable line of the log. `seq` is gapless from 1. `body` is `null` once erased; the chain runs over `digest`. */
export interface AuditEvent {
  readonly seq: number
  readonly type: AuditType
  readonly at: number
  readonly actor: string
  readonly incident: string | null
  readonly attempt: string | null
  readonly playbook: string | null
  readonly target: string | null
  readonly body: JsonObject | null
  /** SHA-256 of the canonical body, hex. */
  readonly digest: string
  readonly keyId: string
  /** HMAC-SHA-256 over the previous mac and this line's header and digest, hex. */
  readonly mac: string
}

/** A checkpoint of the log, to be kept elsewhere: against it, truncation shows. */
export interface AuditHead {
  readonly seq: number
  readonly mac: string
  readonly at: number
}
