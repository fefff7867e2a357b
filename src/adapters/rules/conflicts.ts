import type { Condition, Playbook } from '../../domain/playbook.ts'
import type { Problem } from '../../domain/policy.ts'
import type { Template } from '../../domain/template.ts'
import { parseFactPath } from '../../engine/match/fact-path.ts'
import { inMatchingOrder } from '../../engine/match/match.ts'
import { compileGlob, compileRegex } from '../../engine/match/pattern.ts'
import { reporter, type SourceFile } from '../../files/source-file.ts'

/** A playbook and where it stands. */
export interface WrittenPlaybook {
  readonly playbook: Playbook
  readonly source: SourceFile
}

/**
 * Playbooks that can take one alert to one target, which of them decides, and what becomes of the other. Reported only where a value of a
 * label is known that both take, and nothing shows that they exclude each other: at the later one, once.
 */
export function findConflicts(written: readonly WrittenPlaybook[]): readonly Problem[] {
  const problems: Problem[] = []
  const sources = new Map(written.map(({ playbook, source }) => [playbook.name, source]))
  const ordered = inMatchingOrder(written.map(({ playbook }) => playbook)).map((playbook) => ({
    playbook,
    demands: demandsOf(playbook.when),
  }))
  for (const [index, later] of ordered.entries()) {
    const rivals = ordered.slice(0, index).filter((earlier) => mayMeet(earlier, later))
    const source = sources.get(later.playbook.name)
    const [first, ...others] = rivals.map(({ playbook }) => playbook)
    if (first === undefined || source === undefined) continue
    const rival = sources.get(first.name)
    const place = rival?.position(['target'])
    const where = `"${first.name}" (${first.file}:${place?.line ?? 0}:${place?.column ?? 0})`
    const more = others.length === 0 ? '' : ` and of ${others.length} more`
    const message = `can be the same for the same alert as that of ${where}${more}: ${decidingWords(first, later.playbook)}`
    reporter(source, problems)(['target'], message, { severity: 'warning' })
  }
  return problems
}

function decidingWords(first: Playbook, later: Playbook): string {
  const why = first.priority === later.priority ? 'its name comes first' : `its priority is ${first.priority}`
  if (first.continue) {
    return `that one comes first (${why}) and says "continue", so both have an incident, and act on the target one after the other`
  }
  return `that one comes first (${why}) and takes it; say "continue: true" there, or tell the two apart in "when"`
}

interface Demanding {
  readonly playbook: Playbook
  readonly demands: ReadonlyMap<string, Demand>
}

/** What an alert must have in a label. */
interface Demand {
  /** All values that it may have; `null` where only patterns say so. */
  readonly values: ReadonlySet<string> | null
  readonly fits: (value: string) => boolean
  /** As it is written, to know the same demand again. */
  readonly words: string
}

function mayMeet(a: Demanding, b: Demanding): boolean {
  let shared = false
  for (const [label, one] of a.demands) {
    const other = b.demands.get(label)
    if (other === undefined) continue
    const common = haveCommon(one, other)
    if (common === false) return false
    shared ||= common === true
  }
  return shared && mayRenderAlike(a.playbook.target, b.playbook.target)
}

/** `null` where two patterns leave it open. */
function haveCommon(a: Demand, b: Demand): boolean | null {
  const known = a.values ?? b.values
  if (known === null) return a.words === b.words ? true : null
  for (const value of known) if (a.fits(value) && b.fits(value)) return true
  return false
}

/** Per label what every alert that matches has; nothing is known of negations, nor of a label that only some alternatives name. */
function demandsOf(condition: Condition): ReadonlyMap<string, Demand> {
  if ('all' in condition) return condition.all.map(demandsOf).reduce(everyDemand, new Map())
  if ('any' in condition) return condition.any.map(demandsOf).reduce(commonDemand)
  if ('not' in condition || condition.fact !== 'labels') return new Map()
  const keys = parseFactPath(condition.path ?? '')
  const demand = keys?.length === 1 ? demandOf(condition) : null
  return new Map(demand === null ? [] : [[keys?.[0] as string, demand]])
}

function everyDemand(a: ReadonlyMap<string, Demand>, b: ReadonlyMap<string, Demand>): ReadonlyMap<string, Demand> {
  const merged = new Map(a)
  for (const [label, demand] of b) {
    const before = merged.get(label)
    merged.set(label, before === undefined ? demand : both(before, demand))
  }
  return merged
}

function commonDemand(a: ReadonlyMap<string, Demand>, b: ReadonlyMap<string, Demand>): ReadonlyMap<string, Demand> {
  return new Map(
    [...a].flatMap(([label, demand]) => {
      const other = b.get(label)
      return other === undefined ? [] : [[label, either(demand, other)] as const]
    }),
  )
}

function both(a: Demand, b: Demand): Demand {
  const known = a.values ?? b.values
  return {
    values: known && new Set([...known].filter((value) => a.fits(value) && b.fits(value))),
    fits: (value) => a.fits(value) && b.fits(value),
    words: [a.words, b.words].sort().join(' and '),
  }
}

function either(a: Demand, b: Demand): Demand {
  return {
    values: a.values && b.values && new Set([...a.values, ...b.values]),
    fits: (value) => a.fits(value) || b.fits(value),
    words: [a.words, b.words].sort().join(' or '),
  }
}

type Comparison = Extract<Condition, { readonly operator: string }>

function demandOf({ operator, value }: Comparison): Demand | null {
  const words = `${operator} ${JSON.stringify(value)}`
  if (operator === 'equal' || (operator === 'in' && Array.isArray(value))) {
    const values = new Set([value].flat().map(String))
    return { values, fits: (one) => values.has(one), words }
  }
  if (operator !== 'glob' && operator !== 'regex') return null
  const reading = (operator === 'glob' ? compileGlob : compileRegex)(String(value))
  return reading.ok ? { values: null, fits: (one) => reading.pattern.matches(one), words } : null
}

/** Whether two templates can come to the same text: their literal beginnings and ends must agree. */
function mayRenderAlike(a: Template, b: Template): boolean {
  const agree = (x: string, y: string) => x.startsWith(y) || y.startsWith(x)
  const turned = (text: string) => [...text].reverse().join('')
  const isLiteral = (template: Template) => template.every((part) => typeof part === 'string')
  if (isLiteral(a) && isLiteral(b)) return a.join('') === b.join('')
  return agree(literalStart(a), literalStart(b)) && agree(turned(literalEnd(a)), turned(literalEnd(b)))
}

function literalStart(template: Template): string {
  return typeof template[0] === 'string' ? template[0] : ''
}

function literalEnd(template: Template): string {
  const last = template.at(-1)
  return typeof last === 'string' ? last : ''
}
