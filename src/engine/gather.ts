import type { AlertRecord } from '../domain/alert.ts'
import { objectsOf, type Plan } from '../domain/attempt.ts'
import type { Verdict } from '../domain/gate.ts'
import type { Incident } from '../domain/incident.ts'
import type { Playbook, Step } from '../domain/playbook.ts'
import type { Policy } from '../domain/policy.ts'
import type { AskPolicy } from './approval-ports.ts'
import { evaluateGates } from './gates/evaluate.ts'
import type { AskedAlert, GateFacts, Need, StoredFacts } from './gates/gate.ts'
import { askPolicyOf } from './policy-question.ts'
import type { Actions, Clock, OracleAnswer, PlanOutcome, Reads, Sources } from './ports.ts'
import { renderParams, scopeOf } from './render.ts'
import { holdMsOf } from './temporary.ts'

export type ActionStep = Extract<Step, { kind: 'action' }>

export interface GatherPorts {
  readonly store: { readonly read: Pick<Reads, 'attempt' | 'holder'> }
  readonly clock: Clock
  readonly sources: Sources
  readonly actions: Actions
  readonly askPolicy: AskPolicy
}

/** What is to be assessed: one step of one incident under one policy. */
export interface Assessment {
  readonly incident: Incident
  readonly playbook: Playbook
  readonly step: ActionStep
  readonly policy: Policy
}

/** What the store knows about an incident's next effect; called again in the transaction that commits the intent. */
export async function readStored(
  read: Reads,
  { incident, playbook }: Pick<Assessment, 'incident' | 'playbook'>,
  now: number,
  { alerts, plan }: { readonly alerts?: readonly AlertRecord[]; readonly plan?: Plan } = {},
): Promise<StoredFacts> {
  return {
    pause: await read.pause(),
    alerts: alerts ?? (await read.alertsOf(incident.id)),
    history: await read.attemptHistory(playbook.name, incident.target, playbook.limits.attempts, now),
    holder: await read.holder(plan ? objectsOf(plan) : [incident.target]),
    effect: await read.effectOn(incident.target),
    approval: await read.liveApproval(incident.id),
  }
}

/** Asks the world for what the gates need, in the gates' order and no further than they let it. Has no effect. */
export async function gather(
  assessment: Assessment,
  stored: StoredFacts,
  ports: GatherPorts,
): Promise<{ readonly facts: GateFacts; readonly verdict: Verdict }> {
  const { incident, playbook, step, policy } = assessment
  const base = {
    incident,
    playbook,
    ceiling: policy.config.mode,
    alertAgeMaxMs: policy.config.limits.alertAgeMaxMs,
    temporary: holdMsOf(step, policy.actions) !== null,
    fourEyes: policy.config.approval.fourEyes || playbook.approval.fourEyes,
    stored,
  }
  let facts: GateFacts = { ...base, now: ports.clock.now() }
  for (;;) {
    const evaluation = evaluateGates(facts)
    if (evaluation.kind === 'verdict') return { facts, verdict: evaluation.verdict }
    facts = await withNeed(evaluation.need, facts, assessment, ports)
  }
}

async function withNeed(need: Need, facts: GateFacts, assessment: Assessment, ports: GatherPorts): Promise<GateFacts> {
  switch (need) {
    case 'oracle':
      return { ...facts, oracle: await askSources(facts.stored.alerts, ports) }
    case 'plan':
      return withPlan(facts, assessment, ports)
    case 'policy':
      return { ...facts, policy: await askPolicyOf(assessment, facts, ports) }
  }
}

/** With the plan it is known what else would be touched, and so who may hold that. */
async function withPlan(facts: GateFacts, assessment: Assessment, ports: GatherPorts): Promise<GateFacts> {
  const { stored } = facts
  const plan = await makePlan(assessment, stored.alerts, ports)
  if (plan.kind !== 'planned') return { ...facts, plan }
  const holder = stored.holder ?? (await ports.store.read.holder(objectsOf(plan.plan)))
  return { ...facts, plan, stored: { ...stored, holder } }
}

/** Asks each firing alert's own source whether it still fires. */
export async function askSources(
  alerts: readonly AlertRecord[],
  { sources, store }: Pick<GatherPorts, 'sources' | 'store'>,
): Promise<readonly AskedAlert[]> {
  const firing = alerts.filter(({ status }) => status === 'firing')
  return Promise.all(
    firing.map(async (alert) => ({
      fingerprint: alert.fingerprint,
      answer: await withoutOwnSilences(await sources.ask(alert), store.read),
    })),
  )
}

/** A silence that this Hepar set while it healed is no human's word against healing; that of another Hepar is. */
async function withoutOwnSilences(answer: OracleAnswer, read: Pick<Reads, 'attempt'>): Promise<OracleAnswer> {
  if (answer.kind !== 'answered') return answer
  const foreign: string[] = []
  for (const { id, attempt } of answer.healingSilences) {
    if ((await read.attempt(attempt)) === null) foreign.push(id)
  }
  return foreign.length === 0 ? answer : { ...answer, silencedBy: [...answer.silencedBy, ...foreign] }
}

/** The alert whose labels fill the templates: the one that fires longest, so that every assessment picks the same. */
export function leadingAlert(alerts: readonly AlertRecord[]): AlertRecord | null {
  const order = (a: AlertRecord, b: AlertRecord) =>
    a.startsAt - b.startsAt || a.fingerprint.localeCompare(b.fingerprint)
  const firing = alerts.filter(({ status }) => status === 'firing').sort(order)
  return firing[0] ?? [...alerts].sort(order)[0] ?? null
}

/** A manual heal has no labels to fill templates with. */
export const noAlert: Pick<AlertRecord, 'labels' | 'annotations'> = { labels: {}, annotations: {} }

async function makePlan(
  { incident, step, policy }: Assessment,
  alerts: readonly AlertRecord[],
  { actions, clock }: GatherPorts,
): Promise<PlanOutcome> {
  const action = policy.actions.find(({ name }) => name === step.action)
  if (!action) return { kind: 'failed', reason: `no plugin named "${step.action}" is loaded` }
  const params = renderParams(step, scopeOf(leadingAlert(alerts) ?? noAlert, policy.config))
  if (!params.ok) return { kind: 'refused', reason: params.reason, final: true, evidence: {} }
  return actions.plan({ action, target: incident.target, params: params.params, now: clock.now() })
}
