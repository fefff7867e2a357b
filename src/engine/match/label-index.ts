import type { Labels } from '../../domain/alert.ts'
import type { Condition, Playbook } from '../../domain/playbook.ts'
import { parseFactPath } from './fact-path.ts'

/** Finds the playbooks that an alert's labels do not rule out. */
export interface LabelIndex {
  /** In the order of the playbooks given. */
  candidates(labels: Labels): readonly Playbook[]
}

interface Ranked {
  readonly rank: number
  readonly playbook: Playbook
}

/**
 * Puts every playbook under the one label equality it requires that the fewest others require, or into a bucket that
 * every alert looks through when it requires none. So the cost follows the candidates, not the number of playbooks.
 */
export function createLabelIndex(playbooks: readonly Playbook[]): LabelIndex {
  const required = playbooks.map(({ when }) => requiredLabels(when))
  const usage = countUsage(required)
  const postings = new Map<string, Map<string, Ranked[]>>()
  const others: Ranked[] = []
  for (const [rank, playbook] of playbooks.entries()) {
    const label = mostSelective(required[rank]!, usage)
    if (label === null) others.push({ rank, playbook })
    else place(postings, label, { rank, playbook })
  }
  return { candidates: (labels) => collect(postings, others, labels) }
}

function collect(
  postings: ReadonlyMap<string, ReadonlyMap<string, readonly Ranked[]>>,
  others: readonly Ranked[],
  labels: Labels,
): readonly Playbook[] {
  const found = [...others]
  for (const name of Object.keys(labels)) {
    for (const ranked of postings.get(name)?.get(labels[name]!) ?? []) found.push(ranked)
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ playbook }) => playbook)
}

function place(postings: Map<string, Map<string, Ranked[]>>, [name, value]: Equality, ranked: Ranked): void {
  const values = postings.get(name) ?? new Map<string, Ranked[]>()
  postings.set(name, values)
  const list = values.get(value) ?? []
  values.set(value, list)
  list.push(ranked)
}

type Equality = readonly [name: string, value: string]

/** The equalities of labels without which a condition cannot hold; of two that exclude each other, one is as good. */
function requiredLabels(when: Condition): ReadonlyMap<string, string> {
  return new Map(equalities(when))
}

function equalities(condition: Condition): Equality[] {
  if ('all' in condition) return condition.all.flatMap(equalities)
  if ('any' in condition) return condition.any.length === 1 ? equalities(condition.any[0]!) : []
  if ('not' in condition) return []
  if (condition.fact !== 'labels' || condition.operator !== 'equal' || typeof condition.value !== 'string') return []
  const keys = parseFactPath(condition.path ?? '')
  return keys?.length === 1 ? [[keys[0]!, condition.value]] : []
}

function countUsage(required: readonly ReadonlyMap<string, string>[]): ReadonlyMap<string, number> {
  const usage = new Map<string, number>()
  for (const labels of required) {
    for (const equality of labels) {
      const key = JSON.stringify(equality)
      usage.set(key, (usage.get(key) ?? 0) + 1)
    }
  }
  return usage
}

function mostSelective(labels: ReadonlyMap<string, string>, usage: ReadonlyMap<string, number>): Equality | null {
  const count = (equality: Equality) => usage.get(JSON.stringify(equality)) ?? 0
  const preference = ([name]: Equality) => (name === 'alertname' ? '' : name)
  const sorted = [...labels].sort((a, b) => count(a) - count(b) || (preference(a) < preference(b) ? -1 : 1))
  return sorted[0] ?? null
}
