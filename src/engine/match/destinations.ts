import type { AlertRecord } from '../../domain/alert.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { Policy } from '../../domain/policy.ts'
import type { PlaybookTrace } from '../engine.ts'
import { createMatcher, factsOf, type Matcher } from './match.ts'
import { renderTarget } from './render.ts'

/** One playbook on one target: where a firing alert leads. */
export interface Destination {
  readonly playbook: Playbook
  readonly target: string
}

/** What the rules in force make of a firing alert. */
export interface Routing {
  readonly decision: 'matched' | 'unmatched' | 'rejected'
  readonly reason: string
  readonly destinations: readonly Destination[]
  trace(): Promise<readonly PlaybookTrace[]>
}

const matchers = new WeakMap<Policy, Matcher>()

function matcherOf(policy: Policy): Matcher {
  let matcher = matchers.get(policy)
  if (!matcher) {
    matcher = createMatcher(policy.playbooks)
    matchers.set(policy, matcher)
  }
  return matcher
}

/** Matches a firing alert and names its targets. A playbook whose target cannot be named means no action. */
export async function routeAlert(policy: Policy, record: AlertRecord, now: number): Promise<Routing> {
  const { matches, trace } = await matcherOf(policy).match(factsOf(record), now)
  if (matches.length === 0) {
    return { decision: 'unmatched', reason: 'no playbook matches', destinations: [], trace }
  }
  const destinations: Destination[] = []
  const problems: string[] = []
  for (const { playbook } of matches) {
    const rendered = renderTarget(playbook, record, policy.config)
    if (rendered.ok) destinations.push({ playbook, target: rendered.target })
    else problems.push(`${playbook.name}: ${rendered.reason}`)
  }
  if (destinations.length === 0) {
    return { decision: 'rejected', reason: `no target: ${problems.join('; ')}`, destinations, trace }
  }
  const names = destinations.map(({ playbook, target }) => `${playbook.name} on ${target}`)
  return { decision: 'matched', reason: [...names, ...problems].join('; '), destinations, trace }
}

/** The record with what the rules made of it written in. */
export function withRouting(record: AlertRecord, routing: Routing, policy: Policy): AlertRecord {
  return {
    ...record,
    decision: routing.decision,
    reason: routing.reason,
    playbooks: routing.destinations.map(({ playbook }) => playbook.name),
    rulesRevision: policy.revision,
  }
}
