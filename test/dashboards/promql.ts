import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

/** One selector of a query, and what stands right around it. */
export interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly name: string; readonly op: string; readonly value: string }[]
  /** The range after it, as written, or `null`. */
  readonly range: string | null
  /** The function that takes this range. */
  readonly within: string | null
}

// A duration that nobody writes, so that it shows where the macro stood.
const marks: Readonly<Record<string, string>> = { $__rate_interval: '8869990ms', $__range: '6069770ms' }

/** Parses a query as Prometheus does, Grafana's macros replaced; `null` when it is none. */
export function readQuery(expr: string): readonly Selector[] | null {
  const text = Object.entries(marks).reduce((all, [macro, mark]) => all.replaceAll(macro, mark), expr)
  const selectors: Selector[] = []
  let broken = text.trim() === '' || /\$__/.test(text)
  parser.parse(text).iterate({
    enter: ({ node, type }) => {
      broken ||= type.isError
      if (type.name === 'VectorSelector') selectors.push(readSelector(node, text))
    },
  })
  return broken ? null : selectors
}

function readSelector(node: SyntaxNode, text: string): Selector {
  const of = (one: SyntaxNode | null | undefined) => (one ? text.slice(one.from, one.to) : '')
  const matchers: Selector['matchers'][number][] = []
  for (let matcher = node.getChild('LabelMatchers')?.firstChild ?? null; matcher; matcher = matcher.nextSibling) {
    if (matcher.name !== 'UnquotedLabelMatcher') continue
    const value = of(matcher.getChild('StringLiteral')).slice(1, -1)
    matchers.push({ name: of(matcher.getChild('LabelName')), op: of(matcher.getChild('MatchOp')), value })
  }
  const matrix = node.parent?.name === 'MatrixSelector' ? node.parent : null
  const call = matrix?.parent?.name === 'FunctionCallBody' ? matrix.parent.parent : null
  const duration = of(matrix?.getChild('DurationExpr'))
  const macro = Object.entries(marks).find(([, mark]) => mark === duration)?.[0]
  return {
    metric: of(node.getChild('Identifier')),
    matchers,
    range: matrix ? (macro ?? duration) : null,
    within: call ? of(call.getChild('FunctionIdentifier')) : null,
  }
}

/** The labels by which the outermost aggregation of a query groups; they are all that its series have. */
export function groupedBy(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:sum|max|min|avg) by \(([^)]*)\)/g)]
    .flatMap(([, labels = '']) => labels.split(','))
    .map((label) => label.trim())
    .filter((label, index, all) => label !== 'le' && all.indexOf(label) === index)
}
