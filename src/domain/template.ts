import type { Labels } from './alert.ts'

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
