/**
 * Why a quoted value must not stand after this much of an RE2 expression, or `null`. Quoting makes a value literal only
 * where the expression expects a literal: not in a class, an escape, a repetition or a group's head.
 */
export function regexPlaceProblem(before: string): string | null {
  let at = 0
  while (at < before.length) {
    const char = before[at]
    if (char === '\\') {
      const end = endOfEscape(before, at)
      if (end === null) return 'inside an escape'
      at = end
    } else if (char === '[') {
      const end = endOfClass(before, at)
      if (end === null) return 'inside a character class [ ]'
      at = end
    } else if (before.startsWith('(?', at)) {
      const end = before.slice(at).search(/[:)>]/)
      if (end === -1) return 'inside the head of a group'
      at += end + 1
    } else if (char === '{' && /^\{\d*,?\d*$/.test(before.slice(at))) {
      return 'inside a repetition { }'
    } else at++
  }
  return null
}

/** Index after the escape that begins here, or `null` when it may go on beyond the text. */
function endOfEscape(text: string, at: number): number | null {
  const rest = text.slice(at)
  const found = /^\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[pP]\{[^}]*\}|[pP][A-Za-z]|[0-7]{3}|[^xpPQ0-7])/s.exec(rest)
  return found ? at + found[0].length : null
}

function endOfClass(text: string, at: number): number | null {
  let next = at + 1
  if (text[next] === '^') next++
  // A bracket that comes first is an ordinary member of the class.
  if (text[next] === ']') next++
  while (next < text.length) {
    if (text[next] === ']') return next + 1
    const named = text.startsWith('[:', next) ? text.indexOf(':]', next) : -1
    if (named !== -1) next = named + 2
    else next += text[next] === '\\' ? 2 : 1
  }
  return null
}

/** True when a repetition would follow a value and so apply to its last character alone. */
export function startsWithRepetition(after: string): boolean {
  return /^(?:[*+?]|\{\d)/.test(after)
}
