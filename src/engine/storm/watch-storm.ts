import type { NewAuditEvent } from '../../domain/audit.ts'
import { formatDurationMs } from '../../domain/duration.ts'
import type { JsonObject } from '../../domain/json.ts'
import { channelOf } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Storm, StormFacts, StormMove, StormRecord } from '../../domain/storm.ts'
import type { Clock, NewId, PolicyHolder, Store, Tx } from '../ports.ts'
import { tell } from '../tell/notices.ts'
import { nextMove, widthOf } from './storm.ts'
import { countedArrivals, namesNotCounted, readStorm } from './storm-facts.ts'

export interface StormPorts {
  readonly clock: Clock
  readonly newId: NewId
  readonly policy: PolicyHolder
}

const namesMax = 10
/** Waiting incidents that look again when the ramp lets more through; the others come by themselves. */
const wokenMax = 100

/**
 * Writes down what has become of the storm, with its audit events and notices. Called wherever incidents open, gates have decided,
 * and time has passed. `begun` is the attempt whose intent the same transaction commits.
 */
export async function moveStorm(tx: Tx, ports: StormPorts, begun?: string): Promise<StormRecord> {
  const policy = ports.policy.current()
  const now = ports.clock.now()
  let facts = await readStorm(tx, policy, now)
  const stored = facts.record
  for (;;) {
    const { record, move } = nextMove(facts, policy.config.limits.storm, now)
    if (move === null) {
      const next = begun === undefined ? record : withTrial({ ...facts, record }, begun)
      if (next !== stored) await tx.setStormRecord(next)
      return next
    }
    await announce(tx, move, { before: facts.record, after: record }, ports)
    facts = { ...facts, record, trials: [] }
  }
}

/** Whoever appended that incidents opened asks at once whether those that count were too many; nothing is to begin before that is known. */
export async function afterArrivals(tx: Tx, events: readonly NewAuditEvent[], ports: StormPorts): Promise<void> {
  const uncounted = namesNotCounted(ports.policy.current())
  const counts = ({ type, playbook }: NewAuditEvent) =>
    (type === 'incident.opened' || type === 'incident.reopened') && !uncounted.has(playbook ?? '')
  if (events.some(counts)) await moveStorm(tx, ports)
}

/** Looks whether time alone has moved the storm on. Resolves to when to look again, or `null` while it is calm. */
export async function watchStorm({ store, ...ports }: StormPorts & { readonly store: Store }): Promise<number | null> {
  const policy = ports.policy.current()
  const seen = await readStorm(store.read, policy, ports.clock.now())
  const { storm: limits } = policy.config.limits
  const turn = nextMove(seen, limits, ports.clock.now())
  const due = turn.record !== seen.record
  const { storm } = due ? await store.transaction('storm', (tx) => moveStorm(tx, ports)) : seen.record
  if (storm === null) return null
  return storm.phase === 'latched' ? storm.calmSince + limits.coolDownMs : storm.stepSince + limits.stepMs
}

function withTrial({ record, trials }: StormFacts, begun: string): StormRecord {
  const { storm } = record
  if (storm?.phase !== 'ramping') return record
  const kept = storm.trials.filter((_, index) => trials[index] !== 'called_off')
  return { ...record, storm: { ...storm, trials: [...kept, begun] } }
}

interface Change {
  readonly before: StormRecord
  readonly after: StormRecord
}

async function announce(tx: Tx, move: StormMove, change: Change, ports: StormPorts): Promise<void> {
  const policy = ports.policy.current()
  const now = ports.clock.now()
  const body = await bodyOf(tx, move, change, policy, now)
  await tx.append([{ type: `storm.${move}`, at: now, actor: 'engine', body }])
  if (move === 'latched') {
    await tellOf(tx, 'storm.latched', body, ports)
    return
  }
  if (move === 'released') await tellOf(tx, 'storm.released', body, ports)
  else await wake(tx, now)
}

async function bodyOf(tx: Tx, move: StormMove, { before, after }: Change, policy: Policy, now: number) {
  const limits = policy.config.limits.storm
  const storm = (after.storm ?? before.storm) as Storm
  const said: JsonObject = { storm: storm.number, since: new Date(storm.since).toISOString() }
  if (move === 'ramped') {
    const width = widthOf(storm, limits)
    return { ...said, step: storm.step + 1, width, reason: `step ${storm.step + 1} lets ${width} effects through` }
  }
  if (move === 'released') {
    const total = await tx.arrivals({ ...all(policy, now), from: storm.from }, namesMax)
    return { ...said, ...listed(total), latches: storm.latches, reason: 'the ramp is through' }
  }
  const counted = await tx.arrivals(countedArrivals(policy, before.countedAfter, now), namesMax)
  const many = `${counted.incidents} new incidents in ${formatDurationMs(limits.windowMs)}`
  return {
    ...said,
    ...listed(counted),
    cause: storm.cause,
    latches: storm.latches,
    limit: limits.incidentsMax,
    windowMs: limits.windowMs,
    coolDownUntil: new Date(storm.calmSince + limits.coolDownMs).toISOString(),
    reason: storm.cause === 'incidents' ? many : 'too few of the first effects after the storm helped',
  }
}

function all(policy: Policy, now: number) {
  return countedArrivals(policy, 0, now)
}

function listed({ incidents, playbooks, targets }: Awaited<ReturnType<Tx['arrivals']>>): JsonObject {
  return { incidents, playbooks: playbooks.map((row) => ({ ...row })), targets: targets.map((row) => ({ ...row })) }
}

/** Where nobody is named for what concerns no single incident, those hear of it who would have heard of each. */
export function channelsOfStorm({ config, playbooks }: Policy): readonly string[] {
  if (config.announce.length > 0) return config.announce
  return [...new Set(playbooks.map(channelOf).filter((channel) => channel !== null))]
}

/** Once for each storm: one that latches again out of the ramp is the same, of which people know. */
export async function tellOf(
  tx: Tx,
  event: 'storm.latched' | 'storm.released',
  body: JsonObject,
  { clock, newId, policy }: StormPorts,
): Promise<void> {
  const channels = channelsOfStorm(policy.current())
  const notice = { event, dedupeKey: `${event}:${body.storm}`, incident: null, channels, body }
  await tell(tx, notice, { now: clock.now(), newId })
}

/** Some of those whom the storm holds back look again at once; when it is over, `waking.ts` sees to all of them. */
async function wake(tx: Tx, now: number): Promise<void> {
  for (const incident of await tx.waitingAt('storm_latch', wokenMax)) {
    await tx.saveIncident({ ...incident, dueAt: now, updatedAt: now })
  }
}
