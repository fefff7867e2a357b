import type { SyntaxNode, Tree } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { compileTemplate, type Placeholder, type Template, type TemplateReading } from '../../domain/template.ts'
import { compileRegex } from '../../engine/match/pattern.ts'
import { toDoubleQuoted, unquotePromql } from './promql-string.ts'
import { regexPlaceProblem, startsWithRepetition } from './regex-place.ts'

/** A placeholder where it stands in a query, or the string literal around it. Offsets into the query with stand-ins. */
interface StandIn {
  readonly placeholder: Placeholder
  readonly from: number
  readonly to: number
}

interface Literal {
  readonly from: number
  readonly to: number
  readonly isMatcherValue: boolean
  readonly isRegex: boolean
}

const charactersMax = 10_000

/**
 * Compiles a PromQL query with placeholders. They may stand only in the string literal of a label matcher's value; literals
 * with placeholders become double-quoted, because a backquoted one cannot hold every value.
 */
export function compilePromql(query: string): TemplateReading {
  if (query.length > charactersMax) return refuse(`is longer than ${charactersMax} characters`)
  const reading = compileTemplate(query)
  if (!reading.ok) return reading
  const { text, standIns } = fillIn(reading.template)
  const tree = parser.parse(text)
  const error = firstError(tree)
  if (error !== null)
    return refuse(`is not PromQL: unexpected text at character ${originalOffset(error, standIns, query) + 1}`)
  const literals = literalsOf(tree, text)
  for (const literal of literals) {
    const problem = literalProblem(literal, text, standIns)
    if (problem) return refuse(problem)
  }
  for (const { from } of standIns) {
    const literal = literals.find((candidate) => candidate.from < from && from < candidate.to)
    if (!literal?.isMatcherValue) {
      return refuse(
        'a placeholder may stand only inside the quoted value of a label matcher, such as {name="{{ labels.name }}"}',
      )
    }
  }
  return { ok: true, template: assemble(text, standIns, literals) }
}

function refuse(reason: string): TemplateReading {
  return { ok: false, reason }
}

/** Puts a harmless word in the place of every placeholder. It begins with a letter that continues no escape. */
function fillIn(template: Template): { text: string; standIns: readonly StandIn[] } {
  const literal = template.filter((part) => typeof part === 'string').join('\n')
  let word = 'hole'
  while (literal.includes(word)) word = `h${word}`
  let text = ''
  const standIns: StandIn[] = []
  for (const part of template) {
    const from = text.length
    text += typeof part === 'string' ? part : word
    if (typeof part !== 'string') standIns.push({ placeholder: part, from, to: text.length })
  }
  return { text, standIns }
}

function firstError(tree: Tree): number | null {
  let offset: number | null = null
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) offset ??= from
    },
  })
  return offset
}

/** Where an offset of the text with stand-ins lies in the query as written. */
function originalOffset(offset: number, standIns: readonly StandIn[], query: string): number {
  let shift = 0
  let searchFrom = 0
  for (const { from, to } of standIns) {
    if (from >= offset) break
    const open = query.indexOf('{{', searchFrom)
    searchFrom = query.indexOf('}}', open) + 2
    shift = searchFrom - to
  }
  return Math.min(offset + shift, query.length)
}

function literalsOf(tree: Tree, text: string): readonly Literal[] {
  const literals: Literal[] = []
  tree.iterate({
    enter: ({ name, from, to, node }) => {
      if (name !== 'StringLiteral') return
      const operator = matchOperator(node, text)
      literals.push({ from, to, isMatcherValue: operator !== null, isRegex: operator?.endsWith('~') ?? false })
    },
  })
  return literals
}

/** The operator of the matcher whose value this literal is, or `null`. */
function matchOperator(literal: SyntaxNode, text: string): string | null {
  const { parent, prevSibling } = literal
  const inMatcher = parent?.name === 'UnquotedLabelMatcher' || parent?.name === 'QuotedLabelMatcher'
  return inMatcher && prevSibling?.name === 'MatchOp' ? text.slice(prevSibling.from, prevSibling.to) : null
}

function literalProblem({ from, to, isRegex }: Literal, text: string, standIns: readonly StandIn[]): string | null {
  const value = unquotePromql(text.slice(from, to))
  if (value === null) return 'has a string that is not closed, or an escape that Prometheus does not know'
  if (!isRegex) return null
  const regex = compileRegex(value)
  if (!regex.ok) return `has a matcher that ${regex.reason}`
  const quote = text[from]!
  const inside = standIns.filter((standIn) => from < standIn.from && standIn.from < to)
  let at = from + 1
  for (const [index, standIn] of inside.entries()) {
    const before = unquotePromql(`${quote}${text.slice(at, standIn.from)}${quote}`)
    const problem = before === null ? 'inside an escape' : regexPlaceProblem(before)
    if (problem) return `has a placeholder ${problem} of a regular expression`
    if (index > 0 && before !== null && startsWithRepetition(before)) return repetition
    at = standIn.to
  }
  const rest = inside.length > 0 ? unquotePromql(`${quote}${text.slice(at, to - 1)}${quote}`) : ''
  return rest !== null && startsWithRepetition(rest) && inside.length > 0 ? repetition : null
}

const repetition = 'has a placeholder that only its last character would repeat: put it in a group, (?:{{ … }})*'

/** The template in which every literal with a placeholder is double-quoted and every placeholder has its escape. */
function assemble(text: string, standIns: readonly StandIn[], literals: readonly Literal[]): Template {
  const parts: (string | Placeholder)[] = []
  let at = 0
  for (const literal of literals) {
    const inside = standIns.filter(({ from }) => literal.from < from && from < literal.to)
    if (inside.length === 0) continue
    const quote = text[literal.from]!
    parts.push(text.slice(at, literal.from), '"')
    let from = literal.from + 1
    for (const standIn of inside) {
      parts.push(toDoubleQuoted(text.slice(from, standIn.from), quote))
      parts.push({ ...standIn.placeholder, escape: literal.isRegex ? 'promql_regex' : 'promql' })
      from = standIn.to
    }
    parts.push(toDoubleQuoted(text.slice(from, literal.to - 1), quote), '"')
    at = literal.to
  }
  parts.push(text.slice(at))
  return join(parts)
}

function join(parts: readonly (string | Placeholder)[]): Template {
  const joined: (string | Placeholder)[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part === '') continue
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part
    else joined.push(part)
  }
  return joined
}
