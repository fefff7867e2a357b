import type { AuditEvent } from '../domain/audit.ts'
import type { GateName } from '../domain/gate.ts'
import { lookAgain } from './look-again.ts'
import type { Clock, PolicyHolder, Store } from './ports.ts'

/** Gates whose blocks end for many at once, so that what they held goes on at a pace. */
export const pausingGates: ReadonlySet<string> = new Set<GateName>([
  'stop_switch',
  'pauses',
  'active_hours',
  'dependencies',
])

export interface WakingPorts {
  readonly store: Store
  readonly clock: Clock
  readonly policy: PolicyHolder
}

/** Lets incidents look again when what they wait for has ended by somebody's hand. What ends by the clock is due by itself. */
export interface Waking {
  /** Whether there is anybody to wake now. */
  hear(events: readonly AuditEvent[]): boolean
  /** Wakes what was heard of until now. A start looks at every open incident, so nothing is lost with the process. */
  wake(): Promise<void>
  /** True while a wake that failed is still owed. */
  owed(): boolean
}

export function createWaking(ports: WakingPorts): Waking {
  let lifted = false
  let closed = new Set<string>()
  return {
    hear(events) {
      const depended = ports.policy.current().playbooks.some(({ dependsOn }) => dependsOn.length > 0)
      for (const { type, target } of events) {
        if (type === 'pause.cleared' || type === 'pause.lifted') lifted = true
        else if (type === 'incident.closed' && depended && target !== null) closed.add(target)
      }
      return lifted || closed.size > 0
    },
    async wake() {
      const due = { lifted, closed }
      lifted = false
      closed = new Set()
      try {
        await wakeWaiting(due, ports)
      } catch (error) {
        lifted ||= due.lifted
        closed = new Set([...closed, ...due.closed])
        throw error
      }
    },
    owed: () => lifted || closed.size > 0,
  }
}

async function wakeWaiting(
  { lifted, closed }: { readonly lifted: boolean; readonly closed: ReadonlySet<string> },
  ports: WakingPorts,
): Promise<void> {
  const gates: readonly GateName[] = lifted ? ['stop_switch', 'pauses'] : []
  for (const gate of gates) await lookAgain(ports, (tx, after, limit) => tx.waitingAt(gate, limit, after))
  if (closed.size === 0) return
  await lookAgain(
    ports,
    (tx, after, limit) => tx.waitingAt('dependencies', limit, after),
    (incident) => ((incident.waiting?.on?.some((target) => closed.has(target)) ?? true) ? incident : null),
  )
}
