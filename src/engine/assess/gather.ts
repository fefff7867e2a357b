import type { AlertRecord } from '../../domain/alert.ts'
import { objectsOf, type Plan } from '../../domain/attempt.ts'
import type { Verdict } from '../../domain/gate.ts'
import type { AskPolicy } from '../approve/approval-ports.ts'
import { askPolicyOf } from '../approve/policy-question.ts'
import type { Assessment } from '../facts/assessment.ts'
import type { PastEffect } from '../facts/counting.ts'
import { readDependencies } from '../facts/dependencies.ts'
import { askTotal } from '../facts/fleet.ts'
import { holdMsOf } from '../facts/temporary.ts'
import { readUnwell } from '../facts/unwell.ts'
import { evaluateGates } from '../gates/evaluate.ts'
import type { AskedAlert, GateFacts, Need, StoredFacts } from '../gates/gate.ts'
import { leadingAlert, noAlert } from '../match/leading-alert.ts'
import { isHighest } from '../match/priority.ts'
import { renderParams, scopeOf } from '../match/render.ts'
import type { Actions, Clock, OracleAnswer, PlanOutcome, Reads, Sources } from '../ports.ts'
import { readStorm } from '../storm/storm-facts.ts'

export interface GatherPorts {
  readonly store: { readonly read: Pick<Reads, 'attempt' | 'holder' | 'ownEffect'> }
  readonly clock: Clock
  readonly sources: Sources
  readonly actions: Actions
  readonly askPolicy: AskPolicy
}

/** What the store knows about an incident's next effect; called again in the transaction that commits the intent. */
export async function readStored(
  read: Reads,
  { incident, playbook, policy }: Pick<Assessment, 'incident' | 'playbook' | 'policy'>,
  now: number,
  { alerts: given, plan }: { readonly alerts?: readonly AlertRecord[]; readonly plan?: Plan } = {},
): Promise<StoredFacts> {
  const alerts = given ?? (await read.alertsOf(incident.id))
  const { limits } = policy.config
  const { target } = incident
  return {
    pause: await read.pause(),
    pauses: await read.pauses(),
    alerts,
    history: await read.attemptHistory(playbook.name, incident.target, playbook.limits.attempts, now),
    rates: {
      all: await read.attemptsBegun(null, limits.rate, now),
      playbook: await read.attemptsBegun(playbook.name, playbook.limits.rate, now),
    },
    actions: await read.actionsOn(target, limits.targetActions, now),
    effects: await effectsRound(read, { incident, playbook, policy }, now),
    leftAlone: await read.leftAlone(target),
    holder: await read.holder(plan ? objectsOf(plan) : [incident.target]),
    effect: await read.effectOn(incident.target),
    unwell: await readUnwell(read, incident, playbook, policy.playbooks),
    storm: await readStorm(read, policy, now),
    dependencies: await readDependencies(read, playbook, leadingAlert(alerts) ?? noAlert, policy.config),
    demotion: await read.demotion(playbook.name),
    ownEffect: await read.ownEffect(plan ? objectsOf(plan) : [incident.target]),
    approval: await read.liveApproval(incident.id),
  }
}

/** In one window of a busy fleet; older ones have fallen out of any loop that is worth naming. */
const effectsMax = 500

/** Nothing is read where a loop cannot be: of each round it would have left an attempt at its own place. */
async function effectsRound(
  read: Reads,
  { incident, playbook, policy }: Pick<Assessment, 'incident' | 'playbook' | 'policy'>,
  now: number,
): Promise<readonly PastEffect[]> {
  const { loops } = policy.config.limits
  const { windows } = await read.attemptHistory(playbook.name, incident.target, [loops], now)
  return (windows[0]?.used ?? 0) < loops.count ? [] : read.effectsSince(now - loops.windowMs, effectsMax)
}

/** Asks the world for what the gates need, in the gates' order and no further than they let it. Has no effect. */
export async function gather(
  assessment: Assessment,
  stored: StoredFacts,
  ports: GatherPorts,
): Promise<{ readonly facts: GateFacts; readonly verdict: Verdict }> {
  let facts = factsOf(assessment, stored, ports.clock.now())
  for (;;) {
    const evaluation = evaluateGates(facts)
    if (evaluation.kind === 'verdict') return { facts, verdict: evaluation.verdict }
    facts = await withNeed(evaluation.need, facts, assessment, ports)
  }
}

async function withNeed(need: Need, facts: GateFacts, assessment: Assessment, ports: GatherPorts): Promise<GateFacts> {
  const { alerts } = facts.stored
  switch (need) {
    case 'oracle':
      return { ...facts, oracle: await askSources(alerts, ports) }
    case 'plan':
      return withPlan(facts, assessment, ports)
    case 'total':
      return { ...facts, total: await askTotal(assessment.playbook, alerts, ports) }
    case 'policy':
      return { ...facts, policy: await askPolicyOf(assessment, facts, ports) }
  }
}

/** What the gates may look at before the world is asked. */
export function factsOf(
  { incident, playbook, step, stepIndex, policy }: Assessment,
  stored: StoredFacts,
  now: number,
): GateFacts {
  const { mode, limits, maintenance } = policy.config
  return {
    now,
    incident,
    playbook,
    stepIndex,
    ceiling: mode,
    windows: maintenance,
    limits,
    highest: isHighest(incident, policy),
    temporary: holdMsOf(step, policy.actions) !== null,
    fourEyes: policy.config.approval.fourEyes || playbook.approval.fourEyes,
    stored,
  }
}

/** With the plan it is known what else would be touched, and so who may hold that, and whether Hepar itself touched it last. */
async function withPlan(facts: GateFacts, assessment: Assessment, ports: GatherPorts): Promise<GateFacts> {
  const { stored } = facts
  const plan = await makePlan(assessment, stored.alerts, ports)
  if (plan.kind !== 'planned') return { ...facts, plan }
  const objects = objectsOf(plan.plan)
  const holder = stored.holder ?? (await ports.store.read.holder(objects))
  const ownEffect = await ports.store.read.ownEffect(objects)
  return { ...facts, plan, stored: { ...stored, holder, ownEffect } }
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
