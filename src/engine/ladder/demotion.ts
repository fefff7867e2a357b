import type { Attempt } from '../../domain/attempt.ts'
import { channelOf, type Playbook } from '../../domain/playbook.ts'
import { type Demotion, isDemoted, type Trial, trialsKeptMs } from '../../domain/trial.ts'
import { HeparError } from '../errors.ts'
import type { Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { tell } from '../tell/notices.ts'
import { lookAgain } from '../turns/look-again.ts'
import { classOf } from './track-record.ts'

const trialsMax = 500

/**
 * After an attempt that did not heal: when the last ones of its step, on targets of its class, all failed their verification, the playbook
 * asks a person from now on, until one promotes it or its file changes.
 */
export async function demoteWhatFails(
  tx: Tx,
  attempt: Attempt,
  playbook: Playbook | null,
  { now, newId, announce }: { readonly now: number; readonly newId: NewId; readonly announce: readonly string[] },
): Promise<void> {
  const demoteAfter = playbook?.limits.demoteAfter ?? null
  if (playbook === null || demoteAfter === null) return
  const present = await tx.demotion(playbook.name)
  const since = Math.max(now - trialsKeptMs, present?.liftedAt ?? 0)
  if (isDemoted(present, playbook)) return
  const targetClass = classOf(attempt.target)
  const trials = await tx.trials({
    playbook: playbook.name,
    steps: [attempt.stepKey],
    targetClass,
    since,
    limit: trialsMax,
  })
  const ofThisFile = trials.filter(({ revision }) => revision === playbook.revision)
  if (!keepsFailing(ofThisFile, demoteAfter)) return
  const { action, stepKey, incident } = attempt
  const reason = `${action} failed its verification ${demoteAfter} times in a row on ${targetClass}`
  const demotion: Demotion = {
    playbook: playbook.name,
    revision: playbook.revision,
    step: stepKey,
    action,
    targetClass,
    reason,
    since: now,
    liftedAt: null,
  }
  await tx.saveDemotion(demotion)
  const body = { reason, action, step: attempt.step, targetClass, attempts: demoteAfter, mode: 'approve' }
  const about = { incident, attempt: attempt.id, playbook: playbook.name, target: attempt.target }
  await tx.append([{ type: 'playbook.demoted', at: now, actor: 'engine', ...about, body }])
  const channel = channelOf(playbook)
  const notice = {
    event: 'playbook.demoted',
    dedupeKey: `demoted:${playbook.name}:${attempt.id}`,
    incident,
    channels: channel === null ? announce : [channel],
    body: {
      ...body,
      incident,
      playbook: playbook.name,
      target: attempt.target,
      lift: `hepar promote ${playbook.name}`,
    },
  } as const
  await tell(tx, notice, { now, newId })
}

/** Whether the newest trials that a verification decided all failed it. `trials` are newest first. Pure. */
export function keepsFailing(trials: readonly Pick<Trial, 'outcome'>[], demoteAfter: number): boolean {
  const decided = trials.filter(
    ({ outcome }) => outcome === 'healed' || outcome === 'ineffective' || outcome === 'failed',
  )
  const last = decided.slice(0, demoteAfter)
  return last.length === demoteAfter && last.every(({ outcome }) => outcome !== 'healed')
}

/** Lifts a demotion on a person's word, and makes what asked because of it look again. Throws `not_found`, or `conflict`. */
export async function promote(
  name: string,
  by: string,
  reason: string,
  { store, clock, policy }: { readonly store: Store; readonly clock: Clock; readonly policy: PolicyHolder },
): Promise<Demotion> {
  const playbook = policy.current().playbooks.find((one) => one.name === name)
  if (!playbook)
    throw new HeparError('not_found', `there is no playbook ${name}`, {
      next: 'List them with `hepar playbooks`, or GET /api/v1/playbooks.',
    })
  const lifted = await store.transaction('promote', async (tx) => {
    const demotion = await tx.demotion(name)
    if (!isDemoted(demotion, playbook)) throw new HeparError('conflict', `the playbook ${name} is not demoted`)
    return lift(tx, demotion, { now: clock.now(), by, reason })
  })
  // A crash in between costs nothing: who asks people looks again now and then.
  await lookAgain({ store, clock }, (tx, before, limit) => {
    return tx.incidents({ playbook: name, states: askingStates, limit, ...(before !== undefined && { before }) })
  })
  return lifted
}

const askingStates = ['open', 'waiting', 'awaiting_approval'] as const

/** A changed file is another playbook: whoever changed it has seen to what failed. The reload makes all incidents look again. */
export async function liftOutdated(tx: Tx, playbooks: readonly Playbook[], now: number): Promise<void> {
  for (const demotion of await tx.demotions()) {
    const playbook = playbooks.find(({ name }) => name === demotion.playbook)
    if (demotion.liftedAt !== null || playbook === undefined || isDemoted(demotion, playbook)) continue
    await lift(tx, demotion, { now, by: 'engine', reason: 'its file has changed' })
  }
}

async function lift(
  tx: Tx,
  demotion: Demotion,
  { now, by, reason }: { readonly now: number; readonly by: string; readonly reason: string },
): Promise<Demotion> {
  const lifted = { ...demotion, liftedAt: now }
  await tx.saveDemotion(lifted)
  const { playbook, action, since } = demotion
  await tx.append([
    {
      type: 'playbook.promoted',
      at: now,
      actor: by,
      playbook,
      body: { reason, action, since, demotedFor: demotion.reason },
    },
  ])
  return lifted
}
