import type { NewAuditEvent } from '../../domain/audit.ts'
import type { Incident } from '../../domain/incident.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Reads, Tx } from '../ports.ts'
import { chooseLadder, isUndecided, type LadderChoice, type SkippedStep } from './ladder.ts'
import { trackRecordOf } from './track-record.ts'

const trialsMax = 100

/** What the incident's ladder is to be, by what was tried before; `null` when it is the file's own, or chosen already. */
export async function choiceFor(
  read: Pick<Reads, 'trials'>,
  incident: Incident,
  playbook: Playbook,
  policy: Policy,
  now: number,
): Promise<LadderChoice | null> {
  if (!isUndecided(incident, playbook)) return null
  const { retryAfterMs } = playbook.limits
  const about = { playbook: playbook.name, target: incident.target }
  const trials = retryAfterMs === 0 ? [] : await read.trials({ ...about, since: now - retryAfterMs, limit: trialsMax })
  const records = playbook.order === 'evidence' ? await recordsOf(read, playbook, incident.target, now) : []
  return chooseLadder({ playbook, actions: policy.actions, trials, records, now })
}

async function recordsOf(read: Pick<Reads, 'trials'>, playbook: Playbook, target: string, now: number) {
  const records: LadderChoice['records'][number][] = []
  for (const [index, step] of playbook.steps.entries()) {
    if (step.kind === 'escalate') break
    records.push({ step: index, ...(await trackRecordOf(read, { playbook, step, target }, now)) })
  }
  return records
}

/** The incident with its ladder. */
export function withLadder(incident: Incident, { revision }: Playbook, { order }: LadderChoice): Incident {
  return { ...incident, ladder: { revision, order } }
}

/** Writes down what the ladder is, and every number that it was chosen by. */
export async function recordChoice(
  tx: Tx,
  incident: Incident,
  playbook: Playbook,
  choice: LadderChoice,
  now: number,
): Promise<void> {
  await tx.saveIncident({ ...withLadder(incident, playbook, choice), updatedAt: now, dueAt: now })
  await tx.append([ladderEvent(incident, playbook, choice, now)])
}

/** A relapse goes on where the ladder stood: what was tried is not tried again. `null` when nothing was. */
export function ladderGoesOn(incident: Incident, playbook: Playbook, now: number): NewAuditEvent | null {
  const { ladder, step } = incident
  if (step === 0 || incident.manual !== null) return null
  const order = ladder?.revision === playbook.revision ? ladder.order : playbook.steps.map((_, index) => index)
  const skipped = order.slice(0, step).flatMap((index): SkippedStep[] => {
    const tried = playbook.steps[index]
    if (tried?.kind !== 'action') return []
    return [{ step: index, action: tried.action, reason: 'its turn was before the target fell ill again' }]
  })
  if (skipped.length === 0) return null
  return ladderEvent(incident, playbook, { order: order.slice(step), skipped, records: [] }, now)
}

function ladderEvent(incident: Incident, playbook: Playbook, choice: LadderChoice, now: number): NewAuditEvent {
  const { id, target } = incident
  const { order, skipped, records } = choice
  const steps = order.map((index) => ({ step: index, does: doesOf(playbook, index) }))
  return {
    type: 'incident.ladder_chosen',
    at: now,
    actor: 'engine',
    incident: id,
    playbook: playbook.name,
    target,
    body: {
      order: playbook.order,
      steps,
      skipped: skipped.map((step) => ({ ...step })),
      records: records.map((record) => ({ ...record })),
      reason: ladderWords(playbook, choice),
    },
  }
}

/** The choice in one line. */
export function ladderWords(playbook: Playbook, { order, skipped }: Pick<LadderChoice, 'order' | 'skipped'>): string {
  const left = order.map((index) => doesOf(playbook, index)).join(', then ') || 'no step is left'
  const without = skipped.map(({ action, reason }) => `without ${action}: ${reason}`)
  return [left, ...without].join('; ')
}

function doesOf(playbook: Playbook, index: number): string {
  const step = playbook.steps[index]
  return step?.kind === 'action' ? step.action : `escalate ${step?.channel ?? ''}`
}
