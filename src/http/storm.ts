import * as z from 'zod'
import type { StormFacts } from '../domain/storm.ts'
import { placesLeft, settledStorm, widthOf } from '../engine/storm/storm.ts'
import { countedArrivals, readStorm } from '../engine/storm/storm-facts.ts'
import { nothing, reason } from './fields.ts'
import type { HttpParts } from './parts.ts'
import { ok, read, write } from './route.ts'
import { iso } from './views.ts'

const path = '/api/v1/storm'
/** Playbooks and targets that an answer names. */
const namesMax = 10

export const getStorm = read(
  { path, access: 'viewer', summary: 'Whether a storm of incidents holds effects back', query: nothing },
  async (_, parts) => ok(await viewStorm(parts)),
)

export const deleteStorm = write(
  {
    method: 'delete',
    path,
    access: 'operator',
    summary: 'End a storm: effects may begin again at once, and the incidents so far count for no other',
    query: nothing,
    body: z.strictObject({ reason }),
    codes: { 409: 'There is no storm.' },
  },
  async ({ body, by }, parts) => {
    await parts.engine.releaseStorm(by, body.reason)
    return ok(await viewStorm(parts))
  },
)

async function viewStorm({ read: reads, policy, clock }: HttpParts) {
  const now = clock.now()
  const { storm: limits } = policy.current().config.limits
  const facts = settledStorm(await readStorm(reads, policy.current(), now), limits, now)
  const counted = await reads.arrivals(countedArrivals(policy.current(), facts.record.countedAfter, now), namesMax)
  const rate = { newIncidents: counted.incidents, limit: limits.incidentsMax, windowMs: limits.windowMs }
  return { ...viewPhase(facts, limits), ...rate, playbooks: counted.playbooks, targets: counted.targets }
}

function viewPhase({ record: { storm, last }, trials }: StormFacts, limits: Parameters<typeof widthOf>[1]) {
  if (storm === null) return { phase: 'calm', lastEndedAt: iso(last?.endedAt ?? null) }
  const { number, phase, cause, since, latches, step, calmSince } = storm
  const said = { phase, storm: number, cause, since: iso(since), latches }
  if (phase === 'latched') return { ...said, until: iso(calmSince + limits.coolDownMs) }
  return { ...said, step: step + 1, width: widthOf(storm, limits), left: placesLeft(storm, trials, limits) }
}
