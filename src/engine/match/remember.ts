import type { Condition, Playbook } from '../../domain/playbook.ts'
import type { Evaluate, MatchFacts } from './evaluate.ts'
import { parseFactPath, walkFact } from './fact-path.ts'

export type Answer = { readonly ok: true; readonly matched: boolean } | { readonly ok: false; readonly reason: string }

/** Answers remembered for one playbook; a storm of one illness asks the same few questions thousands of times. */
const answersMax = 1_000
/** Longer values are not worth keeping. */
const keyCharactersMax = 1_000

/** `evaluate` without its details, which asks only once about the same values of what the conditions look at. */
export function createRemember(
  evaluate: Evaluate,
): (playbook: Playbook, facts: MatchFacts, now: number) => Promise<Answer> {
  const answers = new Map<Playbook, { readonly look: Look | null; readonly known: Map<string, Answer> }>()
  return async (playbook, facts, now) => {
    const memory = answers.get(playbook) ?? { look: lookOf(playbook.when), known: new Map<string, Answer>() }
    answers.set(playbook, memory)
    const key = memory.look?.(facts) ?? null
    const known = key === null ? undefined : memory.known.get(key)
    if (known !== undefined) return known
    const evaluation = await evaluate(playbook, facts, now)
    const answer: Answer = evaluation.ok ? { ok: true, matched: evaluation.matched } : evaluation
    if (key !== null && key.length <= keyCharactersMax) {
      if (memory.known.size >= answersMax) memory.known.clear()
      memory.known.set(key, answer)
    }
    return answer
  }
}

/** What conditions see of an alert, as one text: equal exactly where all they look at is equal. */
type Look = (facts: MatchFacts) => string

/** `null` where the answer also depends on the clock. */
function lookOf(when: Condition): Look | null {
  const leaves = leavesOf(when)
  if (leaves.some(({ operator }) => operator.endsWith('olderThan'))) return null
  const paths = new Map(
    leaves.map(({ fact, path = '' }) => [`${fact} ${path}`, { fact, keys: parseFactPath(path) ?? [] }]),
  )
  const places = [...paths.values()]
  return (facts) =>
    JSON.stringify(
      places.map(({ fact, keys }) => walkFact((facts as unknown as Record<string, unknown>)[fact], keys) ?? null),
    )
}

type Leaf = Extract<Condition, { readonly fact: string }>

function leavesOf(condition: Condition): readonly Leaf[] {
  if ('all' in condition) return condition.all.flatMap(leavesOf)
  if ('any' in condition) return condition.any.flatMap(leavesOf)
  return 'not' in condition ? leavesOf(condition.not) : [condition]
}
