import type { Attempt, CheckResult } from '../domain/attempt.ts'
import type { Waiting } from '../domain/incident.ts'
import type { Effects } from './act.ts'
import { useAsk } from './asking.ts'
import { assessedEvent, intendedEvent } from './assess-events.ts'
import { HeparError } from './errors.ts'
import { askTotal } from './fleet.ts'
import { evaluateGates, gates } from './gates/evaluate.ts'
import type { GateFacts, StoredFacts } from './gates/gate.ts'
import { type Assessment, askSources, factsOf, type GatherPorts, gather, readStored } from './gather.ts'
import { newAttempt } from './new-attempt.ts'
import type { Asker, NoPlace } from './places.ts'
import type { HttpProbe, NewId, PolicyHolder, Runner, Store, Tx } from './ports.ts'
import { isHighest, priorityOf } from './priority.ts'
import { proveBefore } from './prove-before.ts'
import { recordVerdict } from './record-verdict.ts'
import { pausingGates } from './waking.ts'
import { moveStorm } from './watch-storm.ts'

export interface AssessPorts extends GatherPorts {
  readonly store: Store
  readonly newId: NewId
  readonly policy: PolicyHolder
  readonly effects: Effects
  readonly probeHttp: HttpProbe
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

/** Whether what it waited for has ended, so that many others may be as free at this moment. */
function isFree(assessment: Assessment, stored: StoredFacts, now: number): boolean {
  const held = assessment.incident.waiting?.gate
  const gate = gates.find(({ name }) => name === held && pausingGates.has(name))
  return gate !== undefined && gate.decide(factsOf(assessment, stored, now)).result !== 'block'
}

const turnWords = 'what held it is over: those that waited start one after another'

/** Resolves to whether it has to wait for its turn. It then goes through all gates again. */
async function awaitTurn({ incident, playbook }: Assessment, { store, clock, effects }: AssessPorts): Promise<boolean> {
  const now = clock.now()
  const booked = incident.waiting?.reason === turnWords
  const at = effects.pace.turn({ priority: playbook.priority, booked }, now)
  if (at <= now) return false
  const giveUpAt = incident.blockedSince === null ? Infinity : incident.blockedSince + playbook.limits.maxWaitMs
  const waiting = {
    gate: incident.waiting?.gate ?? '',
    reason: turnWords,
    until: at,
    unblock: 'nothing: its turn comes',
  }
  await store.transaction('postpone', (tx) =>
    tx.saveIncident({ ...incident, waiting, dueAt: Math.max(now + 1, Math.min(at, giveUpAt)), updatedAt: now }),
  )
  return true
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
