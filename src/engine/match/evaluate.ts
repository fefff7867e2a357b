import { Engine, type TopLevelCondition, type TopLevelConditionResult } from 'json-rules-engine'
import type { AlertStatus, Labels } from '../../domain/alert.ts'
import type { Playbook } from '../../domain/playbook.ts'
import { parseFactPath, walkFact } from './fact-path.ts'
import { createPatternCache, ownOperators } from './operators.ts'

/** What conditions can look at. Times are epoch milliseconds. */
export interface MatchFacts {
  readonly labels: Labels
  readonly annotations: Labels
  readonly alert: {
    readonly status: AlertStatus
    readonly startsAt: number
    readonly fingerprint: string
    readonly generatorURL: string
  }
  readonly group: { readonly labels: Labels; readonly receiver: string }
}

export type Evaluation =
  | { readonly ok: true; readonly matched: boolean; readonly conditions: TopLevelConditionResult }
  | { readonly ok: false; readonly reason: string }

/** Evaluates one playbook's conditions. A failure is a value, so that one playbook cannot harm another. */
export type Evaluate = (playbook: Playbook, facts: MatchFacts, now: number) => Promise<Evaluation>

export function createEvaluate(): Evaluate {
  const patterns = createPatternCache()
  const paths = new Map<string, readonly string[]>()
  const keysOf = (path: string) => {
    const keys = paths.get(path) ?? parseFactPath(path) ?? []
    paths.set(path, keys)
    return keys
  }
  const pathResolver = (value: object, path: string) => walkFact(value, keysOf(path))
  return async (playbook, facts, now) => {
    try {
      // Overlapping runs of one engine lose rules, so each evaluation gets its own.
      const engine = new Engine([], { allowUndefinedFacts: true, pathResolver })
      for (const [name, operator] of Object.entries(ownOperators(now, patterns))) engine.addOperator(name, operator)
      engine.addRule({ conditions: playbook.when as TopLevelCondition, event: { type: 'match' }, name: playbook.name })
      const { results, failureResults } = await engine.run({ ...facts })
      const result = results[0] ?? failureResults[0]
      if (!result) return { ok: false, reason: 'the conditions gave no result' }
      return { ok: true, matched: results.length > 0, conditions: result.conditions }
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) }
    }
  }
}
