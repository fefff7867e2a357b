import type { Labels } from './alert.ts'
import { didYouMean } from './suggestion.ts'

/** How a placeholder's value is made safe for the place it stands in. */
export type Escape = 'none' | 'url' | 'promql' | 'promql_regex'

/** A compiled template: literal text and placeholders, substituted in one pass. */
export type Template = readonly (string | Placeholder)[]

export interface Placeholder {
  readonly root: 'labels' | 'annotations' | 'host'
  /** Label or annotation name; empty for `host`. */
  readonly name: string
  readonly escape: Escape
}

/** What placeholders may refer to. `host` is the mapped Docker host, or the reason why there is none. */
export interface TemplateScope {
  readonly labels: Labels
  readonly annotations: Labels
  readonly host: { readonly ok: true; readonly host: string } | { readonly ok: false; readonly reason: string }
}

export type Rendering = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }

export type TemplateReading =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly reason: string }

const roots = ['labels', 'annotations', 'host'] as const

const placeholder =
  /\{\{\s*([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*)|\[\s*(?:"([^"\\\p{Cc}]+)"|'([^'\\\p{Cc}]+)')\s*\])?\s*\}\}/uy

/** Compiles text with `{{ labels.x }}`, `{{ labels["x-y"] }}`, `{{ annotations.x }}` and `{{ host }}`. */
export function compileTemplate(text: string, escaping: Escape = 'none'): TemplateReading {
  const parts: (string | Placeholder)[] = []
  let at = 0
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', at)) {
    if (open > at) parts.push(text.slice(at, open))
    placeholder.lastIndex = open
    const found = placeholder.exec(text)
    if (!found) return { ok: false, reason: `malformed placeholder at character ${open + 1}: ${howTo}` }
    const reading = readPlaceholder(found, escaping)
    if (!reading.ok) return reading
    parts.push(reading.placeholder)
    at = placeholder.lastIndex
  }
  if (at < text.length) parts.push(text.slice(at))
  return { ok: true, template: parts }
}

const howTo = 'write {{ labels.name }}, {{ labels["a-name"] }}, {{ annotations.name }} or {{ host }}'

function readPlaceholder(
  [, root = '', dotted, double, single]: RegExpExecArray,
  escaping: Escape,
): { ok: true; placeholder: Placeholder } | { ok: false; reason: string } {
  const name = dotted ?? double ?? single ?? ''
  if (!isRoot(root)) {
    const hint = didYouMean(root, roots) || `: ${howTo}`
    return { ok: false, reason: `unknown template root "${root}"${hint}` }
  }
  if (root === 'host' && name !== '') return { ok: false, reason: 'malformed placeholder: {{ host }} takes no name' }
  if (root !== 'host' && name === '')
    return { ok: false, reason: `malformed placeholder: ${root} needs a name: ${howTo}` }
  return { ok: true, placeholder: { root, name, escape: escaping } }
}

function isRoot(text: string): text is Placeholder['root'] {
  return (roots as readonly string[]).includes(text)
}

/** Substitutes every placeholder once. A missing, empty or unsafe value is a reason, never an empty string. */
export function renderTemplate(template: Template, scope: TemplateScope): Rendering {
  let text = ''
  for (const part of template) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const value = renderPlaceholder(part, scope)
    if (!value.ok) return value
    text += value.text
  }
  return { ok: true, text }
}

/** The escaped value of one placeholder. */
export function renderPlaceholder(part: Placeholder, scope: TemplateScope): Rendering {
  const value = look(part, scope)
  if (!value.ok) return value
  if (!value.text.isWellFormed()) return { ok: false, reason: `${nameOf(part)} is not well-formed Unicode` }
  if (part.escape === 'url' && hasControls(value.text)) {
    return { ok: false, reason: `${nameOf(part)} contains control characters` }
  }
  return { ok: true, text: escapes[part.escape](value.text) }
}

function look(part: Placeholder, { labels, annotations, host }: TemplateScope): Rendering {
  if (part.root === 'host') return host.ok ? { ok: true, text: host.host } : host
  const map = part.root === 'labels' ? labels : annotations
  const value = Object.hasOwn(map, part.name) ? map[part.name] : undefined
  if (value === undefined) return { ok: false, reason: `${nameOf(part)} is missing` }
  if (value === '') return { ok: false, reason: `${nameOf(part)} is empty` }
  return { ok: true, text: value }
}

/** How a placeholder is called in messages, such as `label "instance"`. */
export function nameOf({ root, name }: Placeholder): string {
  if (root === 'host') return 'the host'
  return `${root === 'labels' ? 'label' : 'annotation'} "${name}"`
}

/** True for control characters and line or paragraph separators: none of them belongs into a name or an address. */
export function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
}

const escapes: Readonly<Record<Escape, (value: string) => string>> = {
  none: (value) => value,
  url: (value) => encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`),
  promql: escapePromql,
  promql_regex: (value) => escapePromql(quoteRegex(value)),
}

/** Escapes text for the inside of a double-quoted PromQL string. */
export function escapePromql(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return text.replace(/[\\"\u0000-\u001f\u007f\ufffd]/g, (char) => {
    if (char === '\\' || char === '"') return `\\${char}`
    if (char === '\n') return '\\n'
    // Prometheus takes it for broken UTF-8 when it stands as it is.
    if (char === '\ufffd') return '\\ufffd'
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** Text that an RE2 expression matches literally. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}
