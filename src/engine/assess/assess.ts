import type { Attempt, CheckResult } from '../../domain/attempt.ts'
import type { Effects } from '../act/act.ts'
import { newAttempt } from '../act/new-attempt.ts'
import { useAsk } from '../approve/asking.ts'
import { HeparError } from '../errors.ts'
import type { Assessment } from '../facts/assessment.ts'
import { askTotal } from '../facts/fleet.ts'
import { evaluateGates } from '../gates/evaluate.ts'
import type { GateFacts } from '../gates/gate.ts'
import type { HttpProbe, NewId, PolicyHolder, Runner, Store, Tx } from '../ports.ts'
import { moveStorm } from '../storm/watch-storm.ts'
import { askerOf, postpone } from '../turns/postpone.ts'
import { assessedEvent, intendedEvent } from './assess-events.ts'
import { awaitTurn, isFree } from './await-turn.ts'
import { askSources, type GatherPorts, gather, readStored } from './gather.ts'
import { proveBefore } from './prove-before.ts'
import { recordVerdict } from './record-verdict.ts'

export interface AssessPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly effects: Effects
  readonly probeHttp: HttpProbe
}

/** An oracle's answer older than this is asked for again before the intent. */
const answerAgeMaxMs = 3_000
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
  if (isFree(assessment, stored, startedAt) && (await awaitTurn(assessment, ports))) return
  const gathered = await gather(assessment, stored, ports)
  if (gathered.verdict.verdict !== 'run') {
    await store.transaction('verdict', async (tx) => {
      await recordVerdict(tx, assessment, gathered.facts, gathered.verdict, ports)
      await moveStorm(tx, ports)
    })
    return
  }
  const before = await proveBefore(assessment, stored.alerts, ports)
  // Others have looked at their gates meanwhile, too.
  if (!effects.places.take(asker)) {
    return postpone(assessment, effects.places.refusal(asker) ?? { taken: 0, before: 0 }, ports)
  }
  await commitAndStart(assessment, { facts: gathered.facts, askedAt: startedAt, before }, ports)
}

interface Gathered {
  readonly facts: GateFacts
  /** The sources were asked at this time or later. */
  readonly askedAt: number
  /** What the playbook's positive probes said before the intent; `null` where it has none. */
  readonly before: readonly CheckResult[] | null
}

async function commitAndStart(assessment: Assessment, gathered: Gathered, ports: AssessPorts): Promise<void> {
  let runner: Runner | null = null
  let attempt: Attempt | null = null
  try {
    const action = assessment.policy.actions.find(({ name }) => name === assessment.step.action)
    if (!action) throw new Error(`no plugin named "${assessment.step.action}" is loaded`)
    const reserved = await ports.actions.reserve(action)
    runner = reserved
    const facts = await renewed(gathered, assessment, ports)
    const { before } = gathered
    attempt = await ports.store.transaction('intent', (tx) =>
      intend(tx, { assessment, before }, facts, reserved, ports),
    )
  } finally {
    if (attempt === null) {
      ports.effects.places.leave()
      await runner?.discard()
    }
  }
  if (attempt && runner) ports.effects.start(attempt, runner)
}

/** A plan or a runner may have been long in coming; what the sources said before is then asked for again. */
async function renewed({ facts, askedAt }: Gathered, { playbook }: Assessment, ports: AssessPorts): Promise<GateFacts> {
  if (facts.oracle === undefined || ports.clock.now() - askedAt <= answerAgeMaxMs) return facts
  const { alerts } = facts.stored
  const [oracle, total] = await Promise.all([askSources(alerts, ports), askTotal(playbook, alerts, ports)])
  return { ...facts, oracle, total }
}

/** The counting gates and the intent in one transaction: what they counted cannot change before it is committed. `null` when nothing is to begin. */
async function intend(
  tx: Tx,
  { assessment, before }: { readonly assessment: Assessment; readonly before: readonly CheckResult[] | null },
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
    await moveStorm(tx, ports)
    return null
  }
  const earlier = await tx.attemptsOf(assessment.incident.id)
  const attempt = newAttempt(assessment, facts.plan, runner, { now, id: ports.newId(now), earlier, before })
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
  await moveStorm(tx, ports, attempt.id)
  return attempt
}
