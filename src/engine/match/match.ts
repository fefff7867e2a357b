import type { AlertRecord } from '../../domain/alert.ts'
import type { Playbook } from '../../domain/playbook.ts'
import type { PlaybookTrace } from '../engine.ts'
import { createEvaluate, type Evaluate, type MatchFacts } from './evaluate.ts'
import { failureWords } from './failure-words.ts'
import { createLabelIndex } from './label-index.ts'
import { createRemember } from './remember.ts'

/** What one alert matched. */
export interface Match {
  /** The playbooks that take the alert, in order; more than one only where the earlier say `continue: true`. */
  readonly matches: readonly { readonly playbook: Playbook }[]
  /** Playbooks whose conditions could not be evaluated, which counts as no match; a defect worth a log line. */
  readonly failures: readonly { readonly playbook: string; readonly reason: string }[]
  /** What every playbook made of the alert, in matching order; evaluates them all. */
  trace(): Promise<readonly PlaybookTrace[]>
}

export interface Matcher {
  /** Waits for nothing but promises already settled, so a transaction may await it. Never throws. */
  match(facts: MatchFacts, now: number): Promise<Match>
}

/** Matches alerts against playbooks: priority descending, then name; the first match wins unless it says `continue: true`. */
export function createMatcher(playbooks: readonly Playbook[]): Matcher {
  const ordered = inMatchingOrder(playbooks)
  const index = createLabelIndex(ordered)
  const evaluate = createEvaluate()
  const remember = createRemember(evaluate)
  return {
    match: async (facts, now) => {
      const found = await firstMatches(index.candidates(facts.labels), remember, facts, now)
      return { ...found, trace: () => traceAll(ordered, evaluate, facts, now) }
    },
  }
}

/** Priority descending, then name. */
export function inMatchingOrder(playbooks: readonly Playbook[]): readonly Playbook[] {
  return playbooks.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
}

/** The facts of a stored alert. */
export function factsOf(record: AlertRecord): MatchFacts {
  const { labels, annotations, status, startsAt, fingerprint, generatorURL, groupLabels, receiver } = record
  return {
    labels,
    annotations,
    alert: { status, startsAt, fingerprint, generatorURL },
    group: { labels: groupLabels, receiver },
  }
}

async function firstMatches(
  candidates: readonly Playbook[],
  remember: ReturnType<typeof createRemember>,
  facts: MatchFacts,
  now: number,
): Promise<Pick<Match, 'matches' | 'failures'>> {
  const matches: { playbook: Playbook }[] = []
  const failures: { playbook: string; reason: string }[] = []
  for (const playbook of candidates) {
    const answer = await remember(playbook, facts, now)
    if (!answer.ok) {
      failures.push({ playbook: playbook.name, reason: answer.reason })
      continue
    }
    if (!answer.matched) continue
    matches.push({ playbook })
    if (!playbook.continue) break
  }
  return { matches, failures }
}

async function traceAll(
  playbooks: readonly Playbook[],
  evaluate: Evaluate,
  facts: MatchFacts,
  now: number,
): Promise<readonly PlaybookTrace[]> {
  const traces: PlaybookTrace[] = []
  let shadowed = false
  for (const playbook of playbooks) {
    const evaluation = await evaluate(playbook, facts, now)
    const matched = evaluation.ok && evaluation.matched
    const failed = evaluation.ok ? (matched ? null : failureWords(evaluation.conditions)) : evaluation.reason
    traces.push({ playbook: playbook.name, matched, failed, shadowed })
    if (matched && !playbook.continue) shadowed = true
  }
  return traces
}
