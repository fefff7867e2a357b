import { parseDurationMs } from '../../domain/duration.ts'
import { parseTimestampMs } from '../../domain/timestamp.ts'
import { compileGlob, compileRegex, type Pattern, type PatternReading } from './pattern.ts'

/** What a fact can be: labels and annotations are text, `alert.startsAt` is a time in epoch milliseconds. */
export type FactKind = 'text' | 'time'

interface OperatorRule {
  readonly facts: readonly FactKind[]
  /** Why a value does not fit, or `null`. */
  readonly valueProblem: (value: unknown) => string | null
}

const needsText = (value: unknown) => (typeof value === 'string' ? null : 'needs text: put the value in quotes')
const needsNumber = (value: unknown) => (Number.isFinite(value) ? null : 'needs a number')
const itemsMax = 1000

function needsList(value: unknown): string | null {
  if (!Array.isArray(value)) return 'needs a list such as [warning, critical]'
  if (value.length === 0 || value.length > itemsMax) return `needs a list of 1 to ${itemsMax} texts`
  return value.every((item) => typeof item === 'string') ? null : 'needs a list of texts: put each value in quotes'
}

function needsPattern(compile: (text: string) => PatternReading) {
  return (value: unknown): string | null => {
    if (typeof value !== 'string') return 'needs text: put the value in quotes'
    const reading = compile(value)
    return reading.ok ? null : reading.reason
  }
}

function needsRange(value: unknown): string | null {
  const fits = Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1]
  return fits ? null : 'needs a list of two numbers, the smaller first'
}

function needsDuration(value: unknown): string | null {
  const ms = typeof value === 'string' ? parseDurationMs(value) : null
  return ms !== null && ms > 0 ? null : 'needs a duration such as 10m'
}

/** Every operator of a condition: the library's and our own. */
export const operatorRules: Readonly<Record<string, OperatorRule>> = {
  equal: { facts: ['text'], valueProblem: needsText },
  notEqual: { facts: ['text'], valueProblem: needsText },
  in: { facts: ['text'], valueProblem: needsList },
  notIn: { facts: ['text'], valueProblem: needsList },
  contains: { facts: [], valueProblem: needsText },
  doesNotContain: { facts: [], valueProblem: needsText },
  lessThan: { facts: ['text'], valueProblem: needsNumber },
  lessThanInclusive: { facts: ['text'], valueProblem: needsNumber },
  greaterThan: { facts: ['text'], valueProblem: needsNumber },
  greaterThanInclusive: { facts: ['text'], valueProblem: needsNumber },
  regex: { facts: ['text'], valueProblem: needsPattern(compileRegex) },
  glob: { facts: ['text'], valueProblem: needsPattern(compileGlob) },
  between: { facts: ['text'], valueProblem: needsRange },
  olderThan: { facts: ['text', 'time'], valueProblem: needsDuration },
}

export type OwnOperator = (fact: unknown, value: unknown) => boolean

/** Our own operators at one moment. They never throw; a fact that is missing or of another form does not match. */
export function ownOperators(now: number, patterns: PatternCache): Readonly<Record<string, OwnOperator>> {
  return {
    regex: (fact, value) => typeof fact === 'string' && patterns.regex(value).matches(fact),
    glob: (fact, value) => typeof fact === 'string' && patterns.glob(value).matches(fact),
    between: (fact, value) => {
      const number = readNumber(fact)
      const [min, max] = value as [number, number]
      return number !== null && min <= number && number <= max
    },
    olderThan: (fact, value) => {
      const at = readTimeMs(fact)
      return at !== null && now - at > (parseDurationMs(String(value)) ?? Number.POSITIVE_INFINITY)
    },
  }
}

function readNumber(fact: unknown): number | null {
  if (typeof fact !== 'string' || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(fact)) return null
  const number = Number(fact)
  return Number.isFinite(number) ? number : null
}

/** Epoch milliseconds of a time: a number of milliseconds, RFC 3339 text, or text with seconds since the epoch. */
function readTimeMs(fact: unknown): number | null {
  if (typeof fact === 'number') return fact
  const seconds = readNumber(fact)
  if (seconds !== null) return seconds * 1000
  return typeof fact === 'string' ? parseTimestampMs(fact) : null
}

export interface PatternCache {
  regex(value: unknown): Pattern
  glob(value: unknown): Pattern
}

/** Compiles each expression once. One that does not compile, which the check at load prevents, throws. */
export function createPatternCache(): PatternCache {
  const cached = (compile: (text: string) => PatternReading) => {
    const compiled = new Map<string, Pattern>()
    return (value: unknown) => {
      const text = String(value)
      let pattern = compiled.get(text)
      if (!pattern) {
        const reading = compile(text)
        if (!reading.ok) throw new Error(`the pattern ${reading.reason}`)
        pattern = reading.pattern
        compiled.set(text, pattern)
      }
      return pattern
    }
  }
  return { regex: cached(compileRegex), glob: cached(compileGlob) }
}
