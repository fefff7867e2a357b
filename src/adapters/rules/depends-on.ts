import type { Playbook } from '../../domain/playbook.ts'
import type { Template } from '../../domain/template.ts'
import type { Report } from '../../files/source-file.ts'
import { readTarget } from './target-template.ts'

/** The targets that a playbook's target depends on; each is written like a target. */
export function readDependsOn(
  texts: readonly string[] | undefined,
  target: Template | null,
  report: Report,
): readonly Template[] {
  const templates: Template[] = []
  for (const [index, text] of (texts ?? []).entries()) {
    const path = ['dependsOn', index]
    const read = readTarget(text, path, report)
    if (read === null) continue
    if (target !== null && same(read.template, target)) report(path, 'is its own target: it would wait for itself')
    templates.push(read.template)
  }
  return templates
}

function same(a: Template, b: Template): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** One playbook and where its files says what. */
export interface Placed {
  readonly playbook: Playbook
  readonly report: Report
}

/** Reports every circle of dependencies among playbooks whose targets are written out: all of them would wait for one another. */
export function checkCircles(placed: readonly Placed[]): void {
  const leads = new Map<string, Set<string>>()
  for (const { playbook } of placed) {
    const target = literal(playbook.target)
    if (target === null) continue
    const on = leads.get(target) ?? new Set()
    for (const template of playbook.dependsOn) on.add(literal(template) ?? '')
    leads.set(target, on)
  }
  for (const { playbook, report } of placed) {
    const target = literal(playbook.target)
    if (target === null) continue
    for (const [index, template] of playbook.dependsOn.entries()) {
      const way = wayBack(literal(template), target, leads)
      if (way !== null) report(['dependsOn', index], `goes round in a circle: ${[target, ...way].join(' → ')}`)
    }
  }
}

/** The way from one target to another along what each depends on, or `null`; never longer than there are targets. */
function wayBack(from: string | null, to: string, leads: ReadonlyMap<string, ReadonlySet<string>>) {
  if (from === null || from === to) return null
  const ways: string[][] = [[from]]
  const seen = new Set([from])
  for (const way of ways) {
    for (const next of leads.get(way.at(-1) ?? '') ?? []) {
      if (next === to) return [...way, to]
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return null
}

function literal(template: Template): string | null {
  return template.every((part) => typeof part === 'string') ? template.join('') : null
}
