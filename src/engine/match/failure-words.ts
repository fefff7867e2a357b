import type { TopLevelConditionResult } from 'json-rules-engine'

interface LeafResult {
  readonly fact: string
  readonly path?: string
  readonly operator: string
  readonly value: unknown
  readonly factResult?: unknown
}

/** What the library hands back: its conditions with a result at every node. */
type ConditionResult = { readonly result?: boolean } & (
  | { readonly all: readonly ConditionResult[] }
  | { readonly any: readonly ConditionResult[] }
  | { readonly not: ConditionResult }
  | LeafResult
)

const charactersMax = 300

/** The condition that kept a playbook from matching, as a sentence. */
export function failureWords(conditions: TopLevelConditionResult): string {
  return cut(words(conditions as unknown as ConditionResult), charactersMax)
}

function words(condition: ConditionResult): string {
  if ('all' in condition) {
    const failed = condition.all.find((part) => part.result !== true)
    return failed ? words(failed) : 'no condition failed'
  }
  if ('any' in condition) return `none of: ${condition.any.map((part) => words(part)).join('; ')}`
  if ('not' in condition) return `must not hold: ${describe(condition.not)}`
  return leafWords(condition)
}

function leafWords(leaf: LeafResult): string {
  const seen = leaf.factResult === undefined ? 'missing' : cut(JSON.stringify(leaf.factResult), 100)
  return `${nameOf(leaf)} is ${seen}, wanted: ${leaf.operator} ${cut(JSON.stringify(leaf.value), 100)}`
}

/** What a condition demands, whatever came of it. */
function describe(condition: ConditionResult): string {
  if ('all' in condition) return `all of (${condition.all.map((part) => describe(part)).join('; ')})`
  if ('any' in condition) return `any of (${condition.any.map((part) => describe(part)).join('; ')})`
  if ('not' in condition) return `not (${describe(condition.not)})`
  return `${nameOf(condition)} ${condition.operator} ${cut(JSON.stringify(condition.value), 100)}`
}

function nameOf({ fact, path }: LeafResult): string {
  return `${fact}${(path ?? '').replace(/^\$/, '')}`
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`
}
