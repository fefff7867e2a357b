import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { parseDurationMs } from '../../domain/duration.ts'

/** What a query reads from storage, and therefore how old its samples can be. */
export type Dating =
  | {
      readonly ok: true
      readonly type: 'scalar' | 'vector'
      /** Metric names, for telling recorded series from raw ones. */
      readonly metrics: readonly string[]
      /** Selectors whose samples can be asked for their timestamps, as written, with their offset. */
      readonly instants: readonly string[]
      /** How far back the windows of range selectors reach, in milliseconds; 0 without any. */
      readonly reachMs: number
    }
  | { readonly ok: false; readonly reason: string }

type Reading = { metrics: Set<string>; instants: Set<string>; reachMs: number }

const scalarFunctions = new Set(['scalar', 'time', 'pi', 'start', 'end', 'step', 'range'])

/** Constructs whose samples cannot be dated from outside, each with what to write instead. */
const undatable: Readonly<Record<string, string>> = {
  StepInvariantExpr: '"@" pins the time that is looked at; leave it out',
  SubqueryExpr: 'the samples under a subquery cannot be dated; use a range selector',
  AnchoredExpr: '"anchored" reads samples outside its window; leave it out',
  SmoothedExpr: '"smoothed" reads samples outside its window; leave it out',
}

const undatableFunctions: Readonly<Record<string, string>> = {
  info: 'info() reads series that the query does not name; join them yourself',
  absent: 'since when a series is absent cannot be told; test for one that is present',
  absent_over_time: 'since when a series is absent cannot be told; test for one that is present',
}

/** Finds every selector of a PromQL expression, or says why the age of what it reads cannot be known. Pure. */
export function planDating(promql: string): Dating {
  const root = parser.parse(promql).topNode
  const expression = firstExpression(root)
  if (!expression || hasError(root)) return { ok: false, reason: 'the query is not valid PromQL' }
  const reading: Reading = { metrics: new Set(), instants: new Set(), reachMs: 0 }
  const problem = read(expression, promql, reading)
  if (problem !== null) return { ok: false, reason: problem }
  const type = typeOf(expression, promql)
  if (type === 'other') return { ok: false, reason: 'the query yields neither an instant vector nor a scalar' }
  if (reading.metrics.size === 0) return { ok: false, reason: 'the query reads no series, so it proves nothing' }
  return { ok: true, type, metrics: [...reading.metrics], instants: [...reading.instants], reachMs: reading.reachMs }
}

function read(node: SyntaxNode, promql: string, into: Reading): string | null {
  const { name } = node.type
  if (undatable[name] !== undefined) return undatable[name]
  if (name === 'OffsetExpr') return readOffset(node, promql, into)
  if (name === 'VectorSelector') return readInstant(node, node, promql, into)
  if (name === 'MatrixSelector') return readRange(node, 0, promql, into)
  if (name === 'FunctionCall') {
    const called = textOf(node.getChild('FunctionIdentifier'), promql)
    if (undatableFunctions[called] !== undefined) return undatableFunctions[called]
  }
  for (let child = node.firstChild; child; child = child.nextSibling) {
    const problem = read(child, promql, into)
    if (problem !== null) return problem
  }
  return null
}

function readOffset(node: SyntaxNode, promql: string, into: Reading): string | null {
  const selector = node.firstChild
  if (selector?.type.name === 'VectorSelector') return readInstant(selector, node, promql, into)
  if (selector?.type.name !== 'MatrixSelector') return 'an offset is understood only on a selector'
  const offset = textOf(node.getChild('OffsetDurationExpr'), promql)
  const offsetMs = durationMs(offset.replace(/^-/, ''))
  if (offsetMs === null) return `the offset "${offset}" is not a plain duration`
  return readRange(selector, offset.startsWith('-') ? 0 : offsetMs, promql, into)
}

function readInstant(selector: SyntaxNode, whole: SyntaxNode, promql: string, into: Reading): string | null {
  const metric = metricOf(selector, promql)
  if (metric === null) return namelessProblem(selector, promql)
  into.metrics.add(metric)
  into.instants.add(promql.slice(whole.from, whole.to))
  return null
}

function readRange(node: SyntaxNode, offsetMs: number, promql: string, into: Reading): string | null {
  const selector = node.getChild('VectorSelector')
  const metric = selector && metricOf(selector, promql)
  if (!selector || !metric) return namelessProblem(node, promql)
  const range = textOf(node.getChild('DurationExpr'), promql)
  const rangeMs = durationMs(range)
  if (rangeMs === null) return `the range "${range}" is not a plain duration`
  into.metrics.add(metric)
  into.reachMs = Math.max(into.reachMs, rangeMs + offsetMs)
  return null
}

function namelessProblem(node: SyntaxNode, promql: string): string {
  return `the selector ${promql.slice(node.from, node.to)} names no metric, so recorded series cannot be told from raw ones`
}

function metricOf(selector: SyntaxNode, promql: string): string | null {
  const identifier = selector.getChild('Identifier')
  if (identifier) return textOf(identifier, promql)
  const matchers = selector.getChild('LabelMatchers')
  for (let matcher = matchers?.firstChild; matcher; matcher = matcher.nextSibling) {
    if (matcher.type.name === 'QuotedLabelName') return unquote(textOf(matcher, promql))
    const named = textOf(matcher.getChild('LabelName'), promql) === '__name__'
    const equal = textOf(matcher.getChild('MatchOp'), promql) === '='
    if (named && equal) return unquote(textOf(matcher.getChild('StringLiteral'), promql))
  }
  return null
}

function typeOf(node: SyntaxNode, promql: string): 'scalar' | 'vector' | 'other' {
  switch (node.type.name) {
    case 'NumberDurationLiteral':
      return 'scalar'
    case 'VectorSelector':
    case 'AggregateExpr':
      return 'vector'
    case 'FunctionCall':
      return scalarFunctions.has(textOf(node.getChild('FunctionIdentifier'), promql)) ? 'scalar' : 'vector'
    case 'OffsetExpr':
    case 'ParenExpr':
    case 'UnaryExpr': {
      const inner = node.type.name === 'UnaryExpr' ? node.lastChild : firstExpression(node)
      return inner ? typeOf(inner, promql) : 'other'
    }
    case 'BinaryExpr': {
      const left = node.firstChild ? typeOf(node.firstChild, promql) : 'other'
      const right = node.lastChild ? typeOf(node.lastChild, promql) : 'other'
      if (left === 'other' || right === 'other') return 'other'
      return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector'
    }
    default:
      return 'other'
  }
}

function firstExpression(node: SyntaxNode): SyntaxNode | null {
  let child = node.firstChild
  while (child?.type.name === 'LineComment') child = child.nextSibling
  return child
}

function hasError(root: SyntaxNode): boolean {
  let found = false
  root.cursor().iterate((node) => {
    if (node.type.isError) found = true
  })
  return found
}

function durationMs(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000)
  return parseDurationMs(text)
}

function textOf(node: SyntaxNode | null | undefined, promql: string): string {
  return node ? promql.slice(node.from, node.to) : ''
}

/** Null for what would need unescaping: no metric is called that. */
function unquote(text: string): string | null {
  return text.includes('\\') ? null : text.slice(1, -1)
}
