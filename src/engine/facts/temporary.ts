import type { ActionInfo } from '../../domain/action.ts'
import type { AlertRecord } from '../../domain/alert.ts'
import type { Attempt } from '../../domain/attempt.ts'
import type { Incident } from '../../domain/incident.ts'
import type { ActionStep } from '../../domain/playbook.ts'

/** How long the effect of a temporary action stays at least, where the step does not say. */
export const defaultHoldMs = 600_000

/** How long a step's effect stays at least before it is taken back, in milliseconds; `null` when it is there to stay. */
export function holdMsOf(step: ActionStep, actions: readonly ActionInfo[]): number | null {
  if (step.holdMs !== null) return step.holdMs
  return actions.some(({ name, temporary }) => name === step.action && temporary) ? defaultHoldMs : null
}

/** Whether a temporary effect still does its work: the target was well under it, nothing has fired since, nobody wants it gone. */
export function carries(
  { holdUntil, cancelRequestedBy }: Incident,
  { concludedAt }: Attempt,
  alerts: readonly AlertRecord[],
): boolean {
  return holdUntil !== null && cancelRequestedBy === null && !firesSince(concludedAt, alerts)
}

/** Whether an alert has fired since the effect was proven. */
export function firesSince(concludedAt: number | null, alerts: readonly AlertRecord[]): boolean {
  return alerts.some(({ status, lastSeenAt }) => status === 'firing' && lastSeenAt > (concludedAt ?? 0))
}
