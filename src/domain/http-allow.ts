import { whyForbidden } from './forbidden-address.ts'

/** What URLs may be called: all of scheme, host, port and path must fit. */
export interface HttpRule {
  readonly scheme: 'http:' | 'https:'
  /** Lower case and punycode. `*.` at its beginning stands for exactly one more label. */
  readonly host: string
  readonly port: number
  /** Whole segments that a path must begin with; empty for any path. */
  readonly path: string
  /** Ranges such as `10.0.0.0/8` that the host's addresses must lie in; empty for any that may be asked at all. */
  readonly addresses: readonly string[]
  /** How many redirects a GET may follow, each to a URL that is allowed itself. */
  readonly redirectsMax: number
  /** How an `http` probe trusts the server and is known to it, in files; requests say that themselves. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
}

type Refusal = { readonly ok: false; readonly reason: string }

export type UrlReading = { readonly ok: true; readonly url: URL } | Refusal

export type Permit = { readonly ok: true; readonly url: URL; readonly rule: HttpRule } | Refusal

/** Reads a URL that others may have had a hand in. What a parser would silently mend or hide is refused. */
export function readUrl(text: string): UrlReading {
  const refuse = (reason: string): Refusal => ({ ok: false, reason })
  if (text.length > 4_096) return refuse('the URL is longer than 4096 characters')
  if (/[\p{Cc}\p{Z}\\]/u.test(text)) return refuse('the URL contains white space, control characters or a backslash')
  if (!text.isWellFormed() || !URL.canParse(text)) return refuse('the URL cannot be read')
  const url = new URL(text)
  if (!isWeb(url.protocol)) return refuse(`${url.protocol} is not http: or https:`)
  // A parser takes http:web and http:///web for http://web.
  if (!/^https?:\/\/[^/]/i.test(text)) return refuse('the URL must begin with http://host or https://host')
  if (url.username !== '' || url.password !== '') return refuse('the URL contains credentials')
  if (url.hostname.endsWith('.')) return refuse('the host ends with a dot: write it without')
  if (climbs(text)) return refuse('the path contains . or .. as a part')
  return { ok: true, url }
}

/** The rule that permits a URL, or why there is none and what to add. */
export function permit(text: string, allow: readonly HttpRule[]): Permit {
  const reading = readUrl(text)
  if (!reading.ok) return reading
  const rule = allow.find((rule) => fits(rule, reading.url))
  if (rule !== undefined) return { ok: true, url: reading.url, rule }
  // The path may hold a secret, so the advice leaves it to the reader.
  const next = 'add it to http.allow, alone or with the beginning of the path'
  return { ok: false, reason: `${placeOf(reading.url)} is not allow-listed for this path: ${next}` }
}

export type RuleReading = { readonly ok: true; readonly rule: HttpRule } | Refusal

/** Reads a rule's URL, such as `https://*.example.org/health`. Without a port it is the scheme's own. */
export function readRule(
  text: string,
  { addresses = [], redirectsMax = 0 }: Partial<Pick<HttpRule, 'addresses' | 'redirectsMax'>> = {},
): RuleReading {
  const refuse = (reason: string): Refusal => ({ ok: false, reason })
  const reading = readUrl(text)
  if (!reading.ok) return refuse(`must be a URL such as http://web:8080/health: ${reading.reason}`)
  const { url } = reading
  if (url.search !== '' || url.hash !== '') return refuse('must not contain a query (?) or fragment (#)')
  const wild = url.hostname.startsWith('*.')
  const rest = wild ? url.hostname.slice(2) : url.hostname
  if (rest.includes('*')) return refuse('a host may have * only as its whole first part, as in *.example.org')
  // One label below a top-level name could be anybody's.
  if (wild && !/[^.]\.[^.]/.test(rest)) return refuse('two parts of the host must stand behind *., as in *.example.org')
  if (url.pathname.includes('*')) return refuse('a path is a beginning already: write it without *')
  const why = literalProblem(url)
  if (why !== null) return refuse(why)
  const { protocol: scheme, hostname: host } = url as URL & { protocol: HttpRule['scheme'] }
  const path = url.pathname.replace(/\/+$/, '')
  return { ok: true, rule: { scheme, host, port: portOf(url), path, addresses, redirectsMax } }
}

/** True for a URL whose path holds `.` or `..`, in any spelling that a server may decode once or several times. */
export function climbs(text: string): boolean {
  let path = text.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] ?? ''
  for (let decodings = 0; decodings < 5; decodings += 1) {
    if (path.split(/[/\\;]/).some((segment) => segment === '.' || segment === '..')) return true
    const decoded = decode(path)
    if (decoded === path) return false
    path = decoded
  }
  return true
}

/** Why the host of a URL is an address that is never asked, or `null` when it is a name or a good address. */
export function literalProblem({ hostname }: URL): string | null {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (!/^[\d.]+$|:/.test(host)) return null
  const why = whyForbidden(host)
  return why === null ? null : `${host} is never asked: ${why}`
}

function decode(text: string): string {
  return text.replace(/%(2e|2f|5c|25|3b)/gi, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

function fits({ scheme, host, port, path }: HttpRule, url: URL): boolean {
  if (scheme !== url.protocol || port !== portOf(url) || !hostFits(host, url.hostname)) return false
  return path === '' || url.pathname === path || url.pathname.startsWith(`${path}/`)
}

function hostFits(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  const label = host.slice(0, host.indexOf('.'))
  return label !== '' && host === `${label}${pattern.slice(1)}`
}

function isWeb(protocol: string): protocol is HttpRule['scheme'] {
  return protocol === 'http:' || protocol === 'https:'
}

function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** Scheme, host and port, without anything that could be a secret. */
export function placeOf({ protocol, host }: URL): string {
  return `${protocol}//${host}`
}
