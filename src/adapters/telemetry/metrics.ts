import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { decisions } from '../../domain/alert.ts'
import { approvalEnds } from '../../domain/approval.ts'
import { auditTypes } from '../../domain/audit.ts'
import { gateNames } from '../../domain/gate.ts'
import { credits } from '../../domain/incident.ts'
import { prunedKinds } from '../../domain/retention.ts'
import { authFailures } from '../../domain/token.ts'

const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const actionBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900]
const recoveryBuckets = [1, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200]
const phaseBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 900, 3_600]

/** Every answer the webhook has a meaning for. */
export const deliveryCodes = [200, 400, 401, 403, 413, 415, 429, 503] as const
export const phases = ['detect', 'accept', 'decide', 'act', 'verify', 'hold'] as const

export type Metrics = ReturnType<typeof createMetrics>

/** Hepar's own registry with every counter and histogram, known label sets at 0. Nothing global. */
export function createMetrics(build: { readonly version: string; readonly nodeVersion: string }) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // These three are gauges named like counters, which promtool's lint refuses.
  for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`)
  const metrics = { registry, ...createCounters(registry), ...createHistograms(registry), ...createGauges(registry) }
  metrics.buildInfo.set({ version: build.version, node_version: build.nodeVersion }, 1)
  for (const code of deliveryCodes) metrics.deliveries.inc({ code: String(code) }, 0)
  for (const decision of decisions) metrics.alerts.inc({ decision }, 0)
  for (const gate of gateNames) metrics.gateBlocks.inc({ gate }, 0)
  for (const reason of authFailures) metrics.authFailures.inc({ reason }, 0)
  for (const decision of approvalEnds) metrics.approvals.inc({ decision }, 0)
  for (const what of prunedKinds) metrics.pruned.inc({ what }, 0)
  for (const type of auditTypes) metrics.auditEvents.inc({ type }, 0)
  for (const phase of phases) for (const by of credits) metrics.phase.zero({ phase, by })
  return metrics
}

function createCounters(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] })
  return {
    deliveries: counter('hepar_deliveries_total', 'Webhook requests answered, by HTTP code.', 'code'),
    alerts: counter('hepar_alerts_total', 'Alerts of deliveries, by the decision about them.', 'decision'),
    incidentsClosed: counter('hepar_incidents_closed_total', 'Incidents closed, by ending.', 'playbook', 'ending'),
    attempts: counter('hepar_attempts_total', 'Attempts concluded, by outcome.', 'playbook', 'action', 'outcome'),
    notifications: counter(
      'hepar_notifications_total',
      'Tries to send a message, by what came of them.',
      'channel',
      'result',
    ),
    gateBlocks: counter('hepar_gate_blocks_total', 'Blocks that made an incident wait or refused it.', 'gate'),
    approvals: counter('hepar_approvals_total', 'What people were asked, by how it ended.', 'decision'),
    pruned: counter('hepar_retention_pruned_total', 'Rows that retention removed.', 'what'),
    authFailures: counter('hepar_auth_failures_total', 'Requests turned away at the door, by why.', 'reason'),
    auditEvents: counter('hepar_audit_events_total', 'Events written to the log.', 'type'),
  }
}

function createHistograms(registry: Registry) {
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram<L>({ name, help, buckets, labelNames, registers: [registry] })
  const ofDelivery = 'Time from the head of a webhook request to its answer.'
  const ofRecovery = 'From the start of an illness to the closing of its incident, by who is credited.'
  return {
    deliveryDuration: histogram('hepar_delivery_duration_seconds', ofDelivery, requestBuckets),
    actionDuration: histogram('hepar_action_duration_seconds', 'How long effects took.', actionBuckets, 'action'),
    recovery: histogram('hepar_recovery_seconds', ofRecovery, recoveryBuckets, 'playbook', 'by'),
    phase: histogram('hepar_phase_seconds', 'The parts of a recovery.', phaseBuckets, 'phase', 'by'),
  }
}

function createGauges(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] })
  const successful = 'Whether the last attempt to load the configuration succeeded.'
  const timestamp = 'When the configuration was last loaded with success.'
  const info = 'Constant 1, labelled with the version of Hepar and of Node.js.'
  return {
    mode: gauge('hepar_mode', '1 for the mode that is the ceiling of every playbook, 0 for the others.', 'mode'),
    buildInfo: gauge('hepar_build_info', info, 'version', 'node_version'),
    reloadSuccessful: gauge('hepar_config_last_reload_successful', successful),
    reloadTimestamp: gauge('hepar_config_last_reload_success_timestamp_seconds', timestamp),
  }
}
