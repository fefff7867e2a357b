import { createHash } from 'node:crypto'
import { RE2JS } from 're2js'
import * as z from 'zod'
import type { HttpRule } from '../domain/http-allow.ts'
import { permit, placeOf } from '../domain/http-allow.ts'
import { canonicalJson, type Json, type JsonObject } from '../domain/json.ts'
import { fillJson, fillUrl } from '../domain/request-template.ts'
import type { Tls } from './http-exchange.ts'
import { serviceTraces } from './service-evidence.ts'

const veiled = <S extends z.ZodType>(shown: S) => z.object({ value: z.string(), shown })

const rule = z.object({
  scheme: z.enum(['http:', 'https:']),
  host: z.string().min(1),
  port: z.number(),
  path: z.string(),
  addresses: z.array(z.string()),
  redirectsMax: z.number(),
}) satisfies z.ZodType<HttpRule>

const request = z.object({
  name: z.string(),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: veiled(z.string()),
  headers: z.array(veiled(z.string()).extend({ name: z.string() })),
  body: veiled(z.json()).nullable(),
  values: z.array(z.object({ name: z.string(), pattern: z.string() })),
  successCodes: z.array(z.number()),
  failedCodes: z.array(z.number()),
  idempotent: z.boolean(),
  timeoutMs: z.number(),
  tls: z
    .object({
      ca: z.string().nullable(),
      cert: z.string().nullable(),
      key: z.string().nullable(),
      serverName: z.string().nullable(),
    })
    .nullable(),
})

/** What the configuration says about requests for one service; all of it is needed, for a missing list would permit. */
export const requestSettings = z.object({
  service: z.string().min(1),
  ...serviceTraces,
  allow: z.array(rule),
  requests: z.array(request),
  lifelines: z.array(z.object({ host: z.string(), port: z.number(), what: z.string() })),
})
export type RequestSettings = z.output<typeof requestSettings>
export type RequestRule = RequestSettings['requests'][number]

/** A request with its values in place: as it is sent, and as people see it. */
export interface BuiltRequest {
  readonly rule: RequestRule
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly tls: Tls | null
  /** No secret in it. */
  readonly shown: JsonObject
  /** SHA-256 over where it goes and what people see of it, hex: what changes it changes what would be sent. */
  readonly digest: string
}

type Refusal = { readonly refused: string }

const valueCharsMax = 500

/** Builds the request of this name; or says why it is none that may be sent. */
export function buildRequest(
  { service, requests, allow }: RequestSettings,
  name: string,
  values: Readonly<Record<string, string>>,
): BuiltRequest | Refusal {
  const rule = requests.find((request) => request.name === name)
  if (rule === undefined)
    return { refused: `"${name}" is not a request of "${service}": add it to services.${service}.requests` }
  const wrong = whyNotValues(rule, values)
  if (wrong !== null) return { refused: wrong }
  const url = fillUrl(rule.url.value, values)
  const shownUrl = fillUrl(rule.url.shown, values)
  if (!url.ok || !shownUrl.ok) return { refused: url.ok ? 'the URL cannot be shown' : url.reason }
  const permitted = permit(url.text, allow)
  if (!permitted.ok) return { refused: permitted.reason }
  const headers = Object.fromEntries(rule.headers.map(({ name, value }) => [name, value]))
  const body = rule.body && JSON.stringify(fillJson(JSON.parse(rule.body.value) as Json, values))
  const shown = {
    method: rule.method,
    url: shownUrl.text,
    headers: Object.fromEntries(rule.headers.map(({ name, shown }) => [name, shown])),
    body: rule.body && fillJson(rule.body.shown as Json, values),
  }
  return {
    rule,
    url: permitted.url,
    headers: { ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
    body,
    tls: tlsOf(rule),
    shown,
    digest: createHash('sha256')
      .update(canonicalJson({ place: placeOf(permitted.url), ...shown }))
      .digest('hex'),
  }
}

function whyNotValues({ name, values: wanted }: RequestRule, values: Readonly<Record<string, string>>): string | null {
  const names = wanted.map(({ name }) => name)
  const stranger = Object.keys(values).find((name) => !names.includes(name))
  if (stranger !== undefined)
    return `"${stranger}" is not a value of the request "${name}": it has ${names.join(', ') || 'none'}`
  for (const { name, pattern } of wanted) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined || value === '') return `the value "${name}" is missing`
    if (value.length > valueCharsMax) return `the value "${name}" is longer than ${valueCharsMax} characters`
    if (!value.isWellFormed()) return `the value "${name}" is not well-formed Unicode`
    if (!RE2JS.compile(pattern).matches(value)) return `the value "${name}" does not match ${pattern}`
  }
  return null
}

function tlsOf({ tls }: RequestRule): Tls | null {
  if (tls === null) return null
  const read = (text: string | null) => (text === null ? null : Buffer.from(text))
  const [ca, cert, key] = [read(tls.ca), read(tls.cert), read(tls.key)]
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.serverName !== null && { servername: tls.serverName }),
  }
}

/** What a server said, without the secrets that it was sent; `null` where they cannot be told from the rest. */
export function answerOf({ rule }: BuiltRequest, body: string): string | null {
  const whole = rule.url.value === rule.url.shown && canonicalJson(rule.body?.shown) === canonicalJson(parsed(rule))
  if (!whole) return null
  let text = body
  for (const { value, shown } of rule.headers) {
    if (value === shown) continue
    // Of `Authorization: Bearer word`, the word alone gives it away.
    for (const secret of [value, ...value.split(' ')])
      if (secret.length > 3) text = text.replaceAll(secret, '[redacted]')
  }
  return text
}

function parsed({ body }: RequestRule): unknown {
  return body === null ? undefined : JSON.parse(body.value)
}
