import type { Attempt } from '../domain/attempt.ts'
import type { Effects } from './act.ts'
import { useAsk } from './asking.ts'
import { assessedEvent, intendedEvent } from './assess-events.ts'
import { HeparError } from './errors.ts'
import { evaluateGates } from './gates/evaluate.ts'
import type { GateFacts } from './gates/gate.ts'
import { type Assessment, askSources, type GatherPorts, gather, readStored } from './gather.ts'
import { newAttempt } from './new-attempt.ts'
import type { NewId, PolicyHolder, Runner, Store, Tx } from './ports.ts'
import { recordVerdict } from './record-verdict.ts'

export interface AssessPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly effects: Effects
}

/** An oracle's answer older than this is asked for again before the intent. */
const answerAgeMaxMs = 3_000
/** How soon to look again when every place for an effect is taken. */
const effectsFullMs = 500

/** Runs the gates over one step and records what they decided; with `run`, commits the intent and starts the effect. */
export async function assess(assessment: Assessment, ports: AssessPorts): Promise<void> {
  const { store, clock, effects } = ports
  // The incident stays due, and the next start assesses it anew.
  if (effects.stopping()) return
  if (effects.full()) return postpone(assessment, ports)
  const startedAt = clock.now()
  const stored = await readStored(store.read, assessment, startedAt)
  const gathered = await gather(assessment, stored, ports)
  if (gathered.verdict.verdict !== 'run') {
    await store.transaction('verdict', (tx) =>
      recordVerdict(tx, assessment, gathered.facts, gathered.verdict, ports.newId),
    )
    return
  }
  const old = clock.now() - startedAt > answerAgeMaxMs && gathered.facts.oracle !== undefined
  const facts = old ? { ...gathered.facts, oracle: await askSources(stored.alerts, ports) } : gathered.facts
  await commitAndStart(assessment, facts, ports)
}

async function commitAndStart(assessment: Assessment, facts: GateFacts, ports: AssessPorts): Promise<void> {
  const action = assessment.policy.actions.find(({ name }) => name === assessment.step.action)
  if (!action) throw new Error(`no plugin named "${assessment.step.action}" is loaded`)
  const runner = await ports.actions.reserve(action)
  let attempt: Attempt | null = null
  try {
    attempt = await ports.store.transaction('intent', (tx) => intend(tx, assessment, facts, runner, ports))
  } finally {
    if (attempt === null) await runner.discard()
  }
  if (attempt) ports.effects.start(attempt, runner)
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
    await recordVerdict(tx, assessment, facts, verdict, ports.newId)
    return null
  }
  const earlier = await tx.attemptsOf(assessment.incident.id)
  const attempt = newAttempt(assessment, facts.plan, runner, { now, id: ports.newId(now), earlier })
  const { incident } = assessment
  await tx.insertAttempt(attempt)
  const approval = await useAsk(tx, attempt.id, facts, ports.newId)
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
  await tx.append([assessedEvent(assessment, facts, verdict), intendedEvent(attempt, approval)])
  return attempt
}

/** Looks again soon: every place for an effect is taken. */
export async function postpone(
  { incident, policy }: Pick<Assessment, 'incident' | 'policy'>,
  { store, clock }: AssessPorts,
): Promise<void> {
  const now = clock.now()
  await store.transaction('postpone', async (tx) => {
    const dueAt = now + Math.min(effectsFullMs, policy.config.limits.reconcileEveryMs)
    await tx.saveIncident({ ...incident, dueAt, updatedAt: now })
  })
}
