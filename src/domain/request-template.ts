import type { Json } from './json.ts'
import { didYouMean } from './suggestion.ts'
import { hasControls, type Rendering } from './template.ts'

/** Text and the places where a named value will stand. */
export type RequestParts = readonly (string | { readonly value: string })[]

export type RequestReading =
  | { readonly ok: true; readonly parts: RequestParts }
  | { readonly ok: false; readonly reason: string }

const placeholder = /\{\{\s*([A-Za-z0-9][\w.-]{0,62})\s*\}\}/y

/** Reads text with `{{ name }}`, in which only these names may stand. */
export function readRequestText(text: string, names: readonly string[]): RequestReading {
  const parts: (string | { value: string })[] = []
  let at = 0
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', at)) {
    if (open > at) parts.push(text.slice(at, open))
    placeholder.lastIndex = open
    const name = placeholder.exec(text)?.[1]
    if (name === undefined)
      return { ok: false, reason: 'has a malformed placeholder: write {{ name }}, as listed in values' }
    if (!names.includes(name))
      return { ok: false, reason: `"${name}" is not listed in values${didYouMean(name, names)}` }
    parts.push({ value: name })
    at = placeholder.lastIndex
  }
  if (at < text.length) parts.push(text.slice(at))
  return { ok: true, parts }
}

/** Puts values into a URL, each as one part of its path or query whatever it holds. */
export function fillUrl(text: string, values: Readonly<Record<string, string>>): Rendering {
  const reading = readRequestText(text, Object.keys(values))
  if (!reading.ok) return reading
  for (const part of reading.parts) {
    if (typeof part === 'string' || isUrlText(values[part.value] ?? '')) continue
    return { ok: false, reason: `the value "${part.value}" cannot stand in a URL` }
  }
  return fill(text, values, (value) => {
    return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  })
}

function isUrlText(value: string): boolean {
  return !hasControls(value) && value.isWellFormed()
}

/** Puts values into the texts of a JSON document. Its keys and its shape stay as they are written. */
export function fillJson(json: Json, values: Readonly<Record<string, string>>): Json {
  if (typeof json === 'string') {
    const filled = fill(json, values, (value) => value)
    if (!filled.ok) throw new Error(filled.reason)
    return filled.text
  }
  if (json === null || typeof json !== 'object') return json
  if (Array.isArray(json)) return json.map((item) => fillJson(item, values))
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, fillJson(member as Json, values)]))
}

function fill(text: string, values: Readonly<Record<string, string>>, encode: (value: string) => string): Rendering {
  const reading = readRequestText(text, Object.keys(values))
  if (!reading.ok) return reading
  const filled = reading.parts.map((part) => (typeof part === 'string' ? part : encode(values[part.value] ?? '')))
  return { ok: true, text: filled.join('') }
}
