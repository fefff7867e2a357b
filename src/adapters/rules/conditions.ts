import type { Condition } from '../../domain/playbook.ts'
import { didYouMean } from '../../domain/suggestion.ts'
import { parseFactPath } from '../../engine/match/fact-path.ts'
import { type FactKind, operatorRules } from '../../engine/match/operators.ts'
import { unknownKeyWords } from '../../files/fields.ts'
import { isMap, typeWords } from '../../files/read-fields.ts'
import type { Path, Report } from '../../files/source-file.ts'

const depthMax = 10
const partsMax = 100
const leafKeys = ['fact', 'path', 'operator', 'value'] as const
const groupKeys = ['all', 'any', 'not'] as const

/** Reads a condition and reports everything that would fail, or could never hold, when alerts come. `null` with problems. */
export function readCondition(value: unknown, path: Path, report: Report, depth = 0): Condition | null {
  if (!isMap(value)) {
    report(path, `must be a condition with all, any or not, not ${typeWords(value)}`)
    return null
  }
  if (depth > depthMax) {
    report(path, `conditions are nested more than ${depthMax} deep`)
    return null
  }
  const groups = groupKeys.filter((key) => Object.hasOwn(value, key))
  const group = groups[0]
  if (group === undefined && depth > 0) return readLeaf(value, path, report)
  const known = [...groupKeys, ...leafKeys]
  for (const key of Object.keys(value)) {
    const isOther = (known as readonly string[]).includes(key)
    if (key === group || (isOther && group === undefined)) continue
    const words = isOther ? `"${key}" cannot stand beside "${group}": put it inside` : unknownKeyWords(key, known)
    report([...path, key], words, { at: 'key' })
  }
  if (group === undefined) {
    report(path, 'must begin with all, any or not')
    return null
  }
  return readGroup(group, value[group], [...path, group], report, depth)
}

function readGroup(
  group: (typeof groupKeys)[number],
  value: unknown,
  path: Path,
  report: Report,
  depth: number,
): Condition | null {
  if (group === 'not') {
    const not = readCondition(value, path, report, depth + 1)
    return not && { not }
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > partsMax) {
    report(path, `must be a list of 1 to ${partsMax} conditions`)
    return null
  }
  const parts = value.map((part, index) => readCondition(part, [...path, index], report, depth + 1))
  if (parts.some((part) => part === null)) return null
  return group === 'all' ? { all: parts as Condition[] } : { any: parts as Condition[] }
}

function readLeaf(value: Readonly<Record<string, unknown>>, path: Path, report: Report): Condition | null {
  let sound = true
  const problem: Report = (...about) => {
    sound = false
    report(...about)
  }
  for (const key of Object.keys(value)) {
    const known = [...leafKeys, ...groupKeys]
    if (!(leafKeys as readonly string[]).includes(key)) {
      problem([...path, key], unknownKeyWords(key, known), { at: 'key' })
    }
  }
  for (const key of ['fact', 'operator', 'value'] as const) {
    if (!Object.hasOwn(value, key)) problem([...path, key], 'is missing')
  }
  const kind = readFact(value, path, problem)
  if (Object.hasOwn(value, 'operator') && Object.hasOwn(value, 'value')) checkOperator(value, kind, path, problem)
  if (!sound) return null
  const { fact, operator } = value as { fact: string; operator: string }
  return { fact, path: value.path as string, operator, value: value.value }
}

const facts = ['labels', 'annotations', 'alert', 'group'] as const
const alertFields = ['status', 'startsAt', 'fingerprint', 'generatorURL']
const groupFields = ['labels', 'receiver']

/** What kind of value the fact and its path lead to; `null` when they lead nowhere, or something is wrong. */
function readFact(value: Readonly<Record<string, unknown>>, path: Path, report: Report): FactKind | null {
  const { fact } = value
  if (!Object.hasOwn(value, 'fact')) return null
  const isKnown = (facts as readonly unknown[]).includes(fact)
  if (!isKnown) {
    report([...path, 'fact'], `unknown fact ${words(fact)}${didYouMean(String(fact), facts)}: use ${facts.join(', ')}`)
  }
  const keys = typeof value.path === 'string' ? parseFactPath(value.path) : null
  if (!Object.hasOwn(value, 'path')) report([...path, 'path'], `is missing: write path: ${example(fact)}`)
  else if (!keys) report([...path, 'path'], `must be a path such as ${example(fact)} or $["a-name"]`)
  if (!isKnown || !keys) return null
  const problem = fieldProblem(fact as (typeof facts)[number], keys)
  if (problem) report([...path, 'path'], problem)
  if (problem) return null
  return fact === 'alert' && keys[0] === 'startsAt' ? 'time' : 'text'
}

function example(fact: unknown): string {
  if (fact === 'alert') return '$.status'
  return fact === 'group' ? '$.receiver' : '$.alertname'
}

function fieldProblem(fact: (typeof facts)[number], keys: readonly string[]): string | null {
  const [first = '', ...rest] = keys
  if (fact === 'labels' || fact === 'annotations')
    return rest.length === 0 ? null : 'must name one label, such as $.job'
  const fields = fact === 'alert' ? alertFields : groupFields
  if (!fields.includes(first)) return `unknown field "${first}" of ${fact}${didYouMean(first, fields)}`
  const wanted = fact === 'group' && first === 'labels' ? 1 : 0
  if (rest.length === wanted) return null
  return wanted === 1 ? 'must name one label, such as $.labels.job' : `"${first}" has no parts`
}

/** Decorators of the library that make sense for text; they stand before an operator, as in `not:regex`. */
const decorators = ['not', 'someValue', 'everyValue'] as const

function checkOperator(
  { operator, value }: Readonly<Record<string, unknown>>,
  kind: FactKind | null,
  path: Path,
  report: Report,
): void {
  if (typeof operator !== 'string') {
    report([...path, 'operator'], `must be text, not ${typeWords(operator)}`)
    return
  }
  const written = operator.split(':')
  const name = written.pop() ?? ''
  const problem = operatorProblem(name, written, kind)
  if (problem) report([...path, 'operator'], problem)
  const rule = operatorRules[name]
  const wrong = problem || !rule ? null : valueProblem(value, rule.valueProblem, written)
  if (wrong) report([...path, 'value'], `"${operator}" ${wrong}`)
}

function operatorProblem(name: string, before: readonly string[], kind: FactKind | null): string | null {
  const unknown = before.find((word) => !(decorators as readonly string[]).includes(word))
  if (unknown !== undefined)
    return `unknown word ${words(unknown)} before an operator${didYouMean(unknown, decorators)}`
  const rule = Object.hasOwn(operatorRules, name) ? operatorRules[name] : undefined
  if (!rule) return `unknown operator ${words(name)}${didYouMean(name, Object.keys(operatorRules))}`
  if (rule.facts.length === 0) return `"${name}" compares lists, but facts are text: use regex or glob`
  return kind && !rule.facts.includes(kind) ? `"${name}" cannot compare a ${kind}: use olderThan` : null
}

function valueProblem(
  value: unknown,
  problemOf: (value: unknown) => string | null,
  [decorator, ...rest]: readonly string[],
): string | null {
  if (decorator === undefined) return problemOf(value)
  if (decorator === 'not') return valueProblem(value, problemOf, rest)
  if (!Array.isArray(value) || value.length === 0) return 'needs a list'
  for (const item of value) {
    const problem = valueProblem(item, problemOf, rest)
    if (problem) return problem
  }
  return null
}

function words(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 60))
}
