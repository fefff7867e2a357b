import { RE2JS } from 're2js'

/** A compiled expression in linear time, matched against the whole text. */
export interface Pattern {
  matches(text: string): boolean
}

export type PatternReading =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly reason: string }

const charactersMax = 1000

/** Compiles an RE2 expression. As in Prometheus it must match the whole text, and `.` matches a newline. */
export function compileRegex(expression: string): PatternReading {
  if (expression.length > charactersMax) return { ok: false, reason: `is longer than ${charactersMax} characters` }
  try {
    const compiled = RE2JS.compile(expression, RE2JS.DOTALL)
    return { ok: true, pattern: { matches: (text) => compiled.matches(text) } }
  } catch (error) {
    return { ok: false, reason: `is no RE2 expression (${(error as Error).message.slice(0, 200)})` }
  }
}

/** Compiles a glob: `*` is any text, `?` any one character, everything else itself. */
export function compileGlob(glob: string): PatternReading {
  const expression = Array.from(glob, (char) => {
    if (char === '*') return '.*'
    return char === '?' ? '.' : RE2JS.quote(char)
  })
  return compileRegex(expression.join(''))
}
