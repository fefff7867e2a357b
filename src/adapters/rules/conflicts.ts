import type { Condition, Playbook } from '../../domain/playbook.ts'
import type { Problem } from '../../domain/policy.ts'
import type { Template } from '../../domain/template.ts'
import { parseFactPath } from '../../engine/fact-path.ts'
import { inMatchingOrder } from '../../engine/match.ts'
import { reporter, type SourceFile } from '../../files/source-file.ts'

/** A playbook and where it stands. */
export interface WrittenPlaybook {
  readonly playbook: Playbook
  readonly source: SourceFile
}

/**
 * Playbooks that can take one alert to one target, which of them decides, and what becomes of the other. Reported only where both demand
 * the same value of a label and nothing shows that they exclude each other: at the later one, once.
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
  readonly demands: ReadonlyMap<string, ReadonlySet<string>>
}

function mayMeet(a: Demanding, b: Demanding): boolean {
  let shared = false
  for (const [label, values] of a.demands) {
    const others = b.demands.get(label)
    if (others === undefined) continue
    const both = common(values, others)
    if (both.size === 0) return false
    shared ||= both.size > 0
  }
  return shared && mayRenderAlike(a.playbook.target, b.playbook.target)
}

/** Per label the values that an alert must have one of; nothing is known of what alternatives and negations demand. */
function demandsOf(condition: Condition): ReadonlyMap<string, ReadonlySet<string>> {
  const demands = new Map<string, ReadonlySet<string>>()
  for (const [label, values] of demanded(condition)) {
    const before = demands.get(label)
    demands.set(label, before === undefined ? values : common(before, values))
  }
  return demands
}

function common(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((value) => b.has(value)))
}

function demanded(condition: Condition): (readonly [string, ReadonlySet<string>])[] {
  if ('all' in condition) return condition.all.flatMap(demanded)
  if ('any' in condition) return condition.any.length === 1 ? condition.any.flatMap(demanded) : []
  if ('not' in condition || condition.fact !== 'labels') return []
  const keys = parseFactPath(condition.path ?? '')
  const { operator, value } = condition
  const values = operator === 'equal' ? [value] : operator === 'in' && Array.isArray(value) ? value : []
  if (keys?.length !== 1 || values.length === 0) return []
  return [[keys[0] as string, new Set(values.map(String))]]
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
