import { escapePromql } from '../../domain/template.ts'

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

/** The value of a PromQL string literal with its quotes, or `null` when Prometheus would refuse it. */
export function unquotePromql(literal: string): string | null {
  const quote = literal[0] ?? ''
  if (literal.length < 2 || !literal.endsWith(quote)) return null
  const inner = literal.slice(1, -1)
  if (quote === '`') return inner.includes('`') ? null : inner
  let text = ''
  for (let at = 0; at < inner.length; ) {
    const char = inner[at]!
    if (char === quote || char === '\n') return null
    if (char !== '\\') {
      text += char
      at++
      continue
    }
    const unescaped = unescapeAt(inner, at + 1, quote)
    if (!unescaped) return null
    text += unescaped.text
    at = unescaped.next
  }
  return text
}

function unescapeAt(inner: string, at: number, quote: string): { text: string; next: number } | null {
  const char = inner[at] ?? ''
  if (char !== '' && (char === quote || Object.hasOwn(simpleEscapes, char))) {
    return { text: simpleEscapes[char] ?? char, next: at + 1 }
  }
  const coded = /(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y
  coded.lastIndex = at
  const found = coded.exec(inner)
  if (!found) return null
  const octal = found[4]
  const code =
    octal === undefined ? Number.parseInt(found[1] ?? found[2] ?? found[3] ?? '', 16) : Number.parseInt(octal, 8)
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  if (isSurrogate || code > 0x10ffff || (octal !== undefined && code > 0xff)) return null
  return { text: String.fromCodePoint(code), next: coded.lastIndex }
}

/** Part of a literal's inside, rewritten for the inside of a double-quoted literal of the same value. */
export function toDoubleQuoted(inner: string, quote: string): string {
  if (quote === '`') return escapePromql(inner)
  if (quote === '"') return inner
  return inner.replace(/\\'|\\[\s\S]|"/g, (found) => {
    if (found === "\\'") return "'"
    return found === '"' ? '\\"' : found
  })
}
