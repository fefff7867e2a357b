import type { Attempt } from '../domain/attempt.ts'
import type { Waiting } from '../domain/incident.ts'
import type { Effects } from './act.ts'
import { assessedEvent, intendedEvent } from './assess-events.ts'
import { HeparError } from './errors.ts'
import { evaluateGates } from './gates/evaluate.ts'
import type { GateFacts } from './gates/gate.ts'
import { type Assessment, askSources, type GatherPorts, gather, readStored } from './gather.ts'
import { newAttempt } from './new-attempt.ts'
import type { Asker, NoPlace } from './places.ts'
import type { NewId, PolicyHolder, Runner, Store, Tx } from './ports.ts'
import { isHighest, priorityOf } from './priority.ts'
import { recordVerdict } from './record-verdict.ts'

export interface AssessPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly effects: Effects
}

/** An oracle's answer older than this is asked for again before the intent. */
const answerAgeMaxMs = 3_000
/** How soon to look again when there is no place for an effect: the first in the line, each one after, and at the latest. */
const noPlaceMs = 500
const noPlaceEachMs = 20
const noPlaceMaxMs = 120_000
const noPlaceGate = 'places'

/** Runs the gates over one step and records what they decided; with `run`, commits the intent and starts the effect. */
export async function assess(assessment: Assessment, ports: AssessPorts): Promise<void> {
  const { store, clock, effects } = ports
  // The incident stays due, and the next start assesses it anew.
  if (effects.stopping()) return
  const asker = askerOf(assessment)
  const noPlace = effects.places.refusal(asker)
  if (noPlace !== null) return postpone(assessment, noPlace, ports)
  const startedAt = clock.now()
  const stored = await readStored(store.read, assessment, startedAt)
  const gathered = await gather(assessment, stored, ports)
  if (gathered.verdict.verdict !== 'run') {
    await store.transaction('verdict', (tx) => recordVerdict(tx, assessment, gathered.facts, gathered.verdict, ports))
    return
  }
  const old = clock.now() - startedAt > answerAgeMaxMs && gathered.facts.oracle !== undefined
  const facts = old ? { ...gathered.facts, oracle: await askSources(stored.alerts, ports) } : gathered.facts
  // Others have looked at their gates meanwhile, too.
  if (effects.places.take(asker)) return commitAndStart(assessment, facts, ports)
  return postpone(assessment, effects.places.refusal(asker) ?? { taken: 0, before: 0 }, ports)
}

async function commitAndStart(assessment: Assessment, facts: GateFacts, ports: AssessPorts): Promise<void> {
  let runner: Runner | null = null
  let attempt: Attempt | null = null
  try {
    const action = assessment.policy.actions.find(({ name }) => name === assessment.step.action)
    if (!action) throw new Error(`no plugin named "${assessment.step.action}" is loaded`)
    const reserved = await ports.actions.reserve(action)
    runner = reserved
    attempt = await ports.store.transaction('intent', (tx) => intend(tx, assessment, facts, reserved, ports))
  } finally {
    if (attempt === null) {
      ports.effects.places.leave()
      await runner?.discard()
    }
  }
  if (attempt && runner) ports.effects.start(attempt, runner)
}

/** The counting gates and the intent in one transaction: what they counted cannot change before it is committed. `null` when nothing is to begin. */
async function intend(
  tx: Tx,
  assessment: Assessment,
  gathered: GateFacts,
  runner: Runner,
  ports: AssessPorts,
): Promise<Attempt | null> {
  const now = ports.clock.now()
  if (ports.effects.stopping()) return null
  if (ports.policy.current() !== assessment.policy) throw new HeparError('stale_write', 'the policy changed meanwhile')
  const plan = gathered.plan?.kind === 'planned' ? gathered.plan.plan : undefined
  const stored = await readStored(tx, assessment, now, plan && { plan })
  const facts: GateFacts = { ...gathered, now, stored }
  const evaluation = evaluateGates(facts)
  if (evaluation.kind === 'gather') throw new Error(`the gates ask for ${evaluation.need} a second time`)
  const { verdict } = evaluation
  if (verdict.verdict !== 'run' || facts.plan?.kind !== 'planned') {
    await recordVerdict(tx, assessment, facts, verdict, ports)
    return null
  }
  const earlier = await tx.attemptsOf(assessment.incident.id)
  const attempt = newAttempt(assessment, facts.plan, runner, { now, id: ports.newId(now), earlier })
  const { incident } = assessment
  await tx.insertAttempt(attempt)
  await tx.saveIncident({
    ...incident,
    playbookRevision: assessment.playbook.revision,
    state: 'acting',
    step: incident.step + 1,
    attempts: incident.attempts + 1,
    touched: true,
    waiting: null,
    unconfirmedSince: null,
    updatedAt: now,
    dueAt: attempt.deadlineAt,
  })
  await tx.append([assessedEvent(assessment, facts, verdict), intendedEvent(attempt)])
  return attempt
}

/** Waits for a place. Whoever is far from its turn is looked at less often; it is called when there is one. */
export async function postpone(
  { incident }: Pick<Assessment, 'incident'>,
  { taken, before }: NoPlace,
  { store, clock }: Pick<AssessPorts, 'store' | 'clock'>,
): Promise<void> {
  const now = clock.now()
  const dueAt = now + Math.min(noPlaceMs + before * noPlaceEachMs, noPlaceMaxMs)
  const waiting: Waiting = {
    gate: noPlaceGate,
    reason: `no place for another effect: ${taken} run, ${before} incidents come first`,
    until: null,
    unblock: 'wait for a place, or raise limits.effects',
  }
  // What a gate said of it stays said.
  const silent = incident.waiting !== null && incident.waiting.gate !== noPlaceGate
  await store.transaction('postpone', async (tx) => {
    await tx.saveIncident({
      ...incident,
      waiting: silent ? incident.waiting : waiting,
      blockedSince: incident.blockedSince ?? now,
      dueAt,
      updatedAt: now,
    })
  })
}

export function askerOf({ incident, policy }: Pick<Assessment, 'incident' | 'policy'>): Asker {
  const { id, playbook } = incident
  return { incident: id, playbook, priority: priorityOf(incident, policy), highest: isHighest(incident, policy) }
}
