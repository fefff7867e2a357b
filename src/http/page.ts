import { createHash } from 'node:crypto'

/** Text that is HTML already. Only `html` makes it, so that nothing gets into a page unescaped. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | null | readonly Html[]

/** A template for HTML: every value in it is escaped, except what `html` made. `null` is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: strings.map((text, index) => text + textOf(parts[index] ?? null)).join('') }
}

function textOf(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return 'html' in part ? part.html : part.map((one) => one.html).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] as string)
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: 1rem 0 .25rem; }
input, textarea, button { font: inherit; padding: .4rem .6rem; box-sizing: border-box; }
input:not([type=hidden]), textarea { width: 100%; }
button { margin: 1rem .5rem 0 0; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
code, pre { font-family: ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
.problem { border-left: .3rem solid #c33; padding-left: .7rem; }
`

/** What a page may do: show itself in its one style, and send its forms to Hepar. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A whole page. Give it to a `Reply` as `html`. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Hepar</title>
<style>${{ html: style }}</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`.html
}

/** The hidden field that every form of a signed-in page needs; nothing where nobody had to sign in. */
export function csrfField(who: { readonly session: { readonly csrf: string } | null }): Html | null {
  return who.session === null ? null : html`<input type="hidden" name="csrf" value="${who.session.csrf}">`
}
