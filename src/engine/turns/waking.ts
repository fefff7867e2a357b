import type { AuditEvent, AuditType } from '../../domain/audit.ts'
import type { GateName } from '../../domain/gate.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Clock, PolicyHolder, Store } from '../ports.ts'
import { lookAgain } from './look-again.ts'

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

/** What may be over: a pause of any kind, or a storm. */
type Over = 'pause' | 'storm'

/** A stop switch that is set anew may end sooner than the one it replaces. */
const ends: Partial<Record<AuditType, Over>> = {
  'pause.cleared': 'pause',
  'pause.lifted': 'pause',
  'pause.set': 'pause',
  'storm.released': 'storm',
}

export function createWaking(ports: WakingPorts): Waking {
  const over = new Set<Over>()
  const closed = new Set<string>()
  const dependsOnAny = createDependsOnAny()
  const owed = () => over.size + closed.size > 0

  return {
    hear(events) {
      for (const { type, target } of events) {
        const ended = ends[type]
        if (ended !== undefined) over.add(ended)
        else if (type === 'incident.closed' && target !== null && dependsOnAny(ports.policy.current())) {
          closed.add(target)
        }
      }
      return owed()
    },
    async wake() {
      const due = { over: new Set(over), closed: new Set(closed) }
      over.clear()
      closed.clear()
      try {
        await wakeWaiting(due, ports)
      } catch (error) {
        for (const one of due.over) over.add(one)
        for (const target of due.closed) closed.add(target)
        throw error
      }
    },
    owed,
  }
}

/** Thousands of incidents may close under thousands of playbooks. */
function createDependsOnAny(): (policy: Policy) => boolean {
  const known = new WeakMap<Policy, boolean>()
  return (policy) => {
    const answer = known.get(policy) ?? policy.playbooks.some(({ dependsOn }) => dependsOn.length > 0)
    known.set(policy, answer)
    return answer
  }
}

interface Due {
  readonly over: ReadonlySet<Over>
  readonly closed: ReadonlySet<string>
}

async function wakeWaiting({ over, closed }: Due, ports: WakingPorts): Promise<void> {
  const gates: GateName[] = []
  if (over.has('pause')) gates.push('stop_switch', 'pauses')
  if (over.has('storm')) gates.push('storm_latch')
  for (const gate of gates) await lookAgain(ports, (tx, after, limit) => tx.waitingAt(gate, limit, after))
  if (closed.size === 0) return
  await lookAgain(
    ports,
    (tx, after, limit) => tx.waitingAt('dependencies', limit, after),
    (incident) => ((incident.waiting?.on?.some((target) => closed.has(target)) ?? true) ? incident : null),
  )
}
