import { decisions } from '../../domain/alert.ts'
import { outcomes } from '../../domain/attempt.ts'
import type { AuditEvent, AuditType } from '../../domain/audit.ts'
import { type GateName, gateNames } from '../../domain/gate.ts'
import { endings } from '../../domain/incident.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { PolicyHolder } from '../../engine/ports.ts'
import { type Metrics, phases } from './metrics.ts'

/** Playbooks that get a label of their own; the rest share `other`. */
const playbooksMax = 500

const credits = ['automation', 'human', 'self'] as const

/** A commit listener that counts audit events. Labels come from files on disk and closed sets, never from an alert. */
export function createAuditMetrics(metrics: Metrics, policy: PolicyHolder): (events: readonly AuditEvent[]) => void {
  const counters = createCounters(metrics, createLabels(policy), policy)
  return (events) => {
    const byType = new Map<AuditType, number>()
    for (const event of events) {
      byType.set(event.type, (byType.get(event.type) ?? 0) + 1)
      counters[event.type]?.(event.body ?? {}, event)
    }
    for (const [type, count] of byType) metrics.auditEvents.inc({ type }, count)
  }
}

type Counters = Partial<Record<AuditType, (body: JsonObject, event: AuditEvent) => void>>

function createCounters(metrics: Metrics, labels: PolicyLabels, policy: PolicyHolder): Counters {
  return {
    'delivery.received': ({ counts }) => {
      for (const decision of decisions) metrics.alerts.inc({ decision }, number(object(counts)[decision]) ?? 0)
    },
    'incident.waiting': (body) => {
      metrics.gateBlocks.inc({ gate: gate(body.gate) })
    },
    'incident.assessed': (body) => {
      const refusing = body.verdict === 'refuse' ? blocks(body.gates) : []
      for (const blocked of refusing) metrics.gateBlocks.inc({ gate: blocked })
    },
    'attempt.effect_ended': (body) => {
      observe(metrics.actionDuration.labels({ action: labels.action(body.action) }), body.seconds)
    },
    'attempt.concluded': (body, event) => {
      const action = labels.action(body.action)
      metrics.attempts.inc({ playbook: labels.playbook(event.playbook), action, outcome: word(outcomes, body.outcome) })
    },
    'incident.closed': (body, event) => {
      const playbook = labels.playbook(event.playbook)
      metrics.incidentsClosed.inc({ playbook, ending: word(endings, body.ending) })
      observe(metrics.recovery.labels({ playbook, by: word(credits, body.by) }), body.recoverySeconds)
      for (const phase of phases) observe(metrics.phase.labels({ phase }), object(body.phases)[phase])
    },
    'config.loaded': (_, event) => {
      for (const playbook of policy.current().playbooks) beginAtZero(playbook, metrics, labels)
      metrics.reloadSuccessful.set(1)
      metrics.reloadTimestamp.set(event.at / 1_000)
    },
    'config.refused': () => metrics.reloadSuccessful.set(0),
  }
}

// A counter that appears with its first event has no increase that Prometheus could see.
function beginAtZero({ name, steps }: Playbook, metrics: Metrics, labels: PolicyLabels): void {
  const playbook = labels.playbook(name)
  for (const ending of endings) metrics.incidentsClosed.inc({ playbook, ending }, 0)
  for (const step of steps) {
    if (step.kind !== 'action') continue
    const action = labels.action(step.action)
    for (const outcome of outcomes) metrics.attempts.inc({ playbook, action, outcome }, 0)
  }
}

interface PolicyLabels {
  playbook(name: string | null): string
  action(name: Json | undefined): string
}

function createLabels(policy: PolicyHolder): PolicyLabels {
  const seen = new Set<string>()
  const known = (name: string) => {
    if (name === 'manual' || seen.has(name)) return true
    if (seen.size >= playbooksMax || !policy.current().playbooks.some((playbook) => playbook.name === name))
      return false
    seen.add(name)
    return true
  }
  return {
    playbook: (name) => (name !== null && known(name) ? name : 'other'),
    action: (name) => policy.current().actions.find((action) => action.name === name)?.name ?? 'other',
  }
}

function observe(histogram: { observe(seconds: number): void }, seconds: Json | undefined): void {
  const value = number(seconds)
  if (value !== null && value >= 0) histogram.observe(value)
}

function blocks(gates: Json | undefined): string[] {
  if (!Array.isArray(gates)) return []
  return gates
    .map((entry) => object(entry))
    .filter(({ result }) => result === 'block')
    .map((entry) => gate(entry.gate))
}

function gate(name: Json | undefined): GateName | 'other' {
  return word(gateNames, name)
}

function word<W extends string>(known: readonly W[], value: Json | undefined): W | 'other' {
  return known.find((item) => item === value) ?? 'other'
}

function number(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function object(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}
}
