import { decisions } from '../../domain/alert.ts'
import { approvalEnds } from '../../domain/approval.ts'
import { outcomes } from '../../domain/attempt.ts'
import type { AuditEvent, AuditType } from '../../domain/audit.ts'
import { type GateName, gateNames } from '../../domain/gate.ts'
import { credits, endings } from '../../domain/incident.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { modes } from '../../domain/playbook.ts'
import { prunedKinds } from '../../domain/retention.ts'
import type { PolicyHolder } from '../../engine/ports.ts'
import { type Metrics, phases } from './metrics.ts'

const notificationResults = ['sent', 'failed', 'given_up'] as const

/** Playbooks that get a label of their own; the rest share `other`. */
const playbooksMax = 500

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
  const begin = createBeginnings(metrics)
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
    'approval.decided': (body) => metrics.approvals.inc({ decision: word(approvalEnds, body.decision) }),
    'approval.voided': () => metrics.approvals.inc({ decision: 'void' }),
    'approval.expired': () => metrics.approvals.inc({ decision: 'expired' }),
    'attempt.effect_ended': (body) => {
      const action = labels.action(body.action)
      begin.action(action)
      observe(metrics.actionDuration.labels({ action }), body.seconds)
    },
    'attempt.concluded': (body, event) => {
      const action = labels.action(body.action)
      metrics.attempts.inc({ playbook: labels.playbook(event.playbook), action, outcome: word(outcomes, body.outcome) })
    },
    'incident.closed': (body, event) => {
      const playbook = labels.playbook(event.playbook)
      begin.playbook(playbook, [])
      metrics.incidentsClosed.inc({ playbook, ending: word(endings, body.ending) })
      // Without a recovery there is nothing that the phases could be parts of.
      if (number(body.recoverySeconds) === null) return
      const by = word(credits, body.by)
      observe(metrics.recovery.labels({ playbook, by }), body.recoverySeconds)
      for (const phase of phases) observe(metrics.phase.labels({ phase, by }), object(body.phases)[phase])
    },
    'notification.sent': ({ channel }) =>
      metrics.notifications.inc({ channel: labels.channel(channel), result: 'sent' }),
    'notification.failed': ({ channel, gaveUp }) => {
      metrics.notifications.inc({ channel: labels.channel(channel), result: gaveUp === true ? 'given_up' : 'failed' })
    },
    'config.loaded': (_, event) => {
      const { config, playbooks, actions } = policy.current()
      for (const mode of modes) metrics.mode.set({ mode }, mode === config.mode ? 1 : 0)
      for (const { name } of config.notify) begin.channel(name)
      for (const { name } of actions) begin.action(name)
      for (const { name, steps } of playbooks) {
        const tried = steps.flatMap((step) => (step.kind === 'action' ? [labels.action(step.action)] : []))
        begin.playbook(labels.playbook(name), tried)
      }
      begin.playbook(
        'manual',
        actions.map(({ name }) => name),
      )
      metrics.reloadSuccessful.set(1)
      metrics.reloadTimestamp.set(event.at / 1_000)
    },
    'retention.pruned': (body) => {
      for (const what of prunedKinds) metrics.pruned.inc({ what }, number(body[what]) ?? 0)
    },
    'config.refused': () => metrics.reloadSuccessful.set(0),
  }
}

// A counter that appears with its first event has no increase that Prometheus could see.
function createBeginnings(metrics: Metrics) {
  const begun = new Set<string>()
  // Beginning a histogram again would forget what it holds.
  const once = (what: string, begin: () => void) => {
    if (begun.has(what)) return
    begun.add(what)
    begin()
  }
  return {
    action: (action: string) => once(`action ${action}`, () => metrics.actionDuration.zero({ action })),
    channel(channel: string) {
      for (const result of notificationResults) metrics.notifications.inc({ channel, result }, 0)
    },
    playbook(playbook: string, actions: readonly string[]) {
      for (const ending of endings) metrics.incidentsClosed.inc({ playbook, ending }, 0)
      for (const action of actions) {
        for (const outcome of outcomes) metrics.attempts.inc({ playbook, action, outcome }, 0)
      }
      for (const by of credits) once(`recovery ${playbook} ${by}`, () => metrics.recovery.zero({ playbook, by }))
    },
  }
}

interface PolicyLabels {
  playbook(name: string | null): string
  action(name: Json | undefined): string
  channel(name: Json | undefined): string
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
    channel: (name) => policy.current().config.notify.find((channel) => channel.name === name)?.name ?? 'other',
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
