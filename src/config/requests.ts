import * as z from 'zod'
import type { ServiceRequest } from '../domain/config.ts'
import type { Json } from '../domain/json.ts'
import { readRequestText } from '../domain/request-template.ts'
import { type Secret, secret } from '../domain/secret.ts'
import { urlTemplateProblem } from '../domain/url-template.ts'
import { countField, durationField, nameField, optional, section, wordField } from '../files/fields.ts'
import { patternField } from './pattern.ts'
import { tlsField } from './peer.ts'
import { type References, referenceField, secretField } from './references.ts'

const [second, minute] = [1_000, 60_000] as const
const listMax = 50
const bodyBytesMax = 16 * 1024
const redacted = '[redacted]'

/** What Hepar sets itself, and what would change how long a message is. */
const ownHeaders =
  'authorization cookie proxy-authorization host content-length content-type transfer-encoding connection upgrade expect te trailer keep-alive accept-encoding idempotency-key'.split(
    ' ',
  )
const secretHeader = /auth|token|key|secret|cookie/i

/** One HTTP request that may be made for a service. */
export function requestField(references: References) {
  return section({
    url: z.string(),
    method: optional(wordField(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])),
    headers: optional(headersField(references)),
    bearer: optional(secretField(references)),
    basic: optional(section({ user: referenceField(references), password: secretField(references) })),
    tls: optional(tlsField(references)),
    body: optional(z.unknown()),
    values: optional(z.array(section({ name: nameField, pattern: patternField })).max(listMax)),
    success: optional(z.array(countField(200, 299)).min(1, 'must name at least one status').max(listMax)),
    failed: optional(z.array(countField(300, 599)).max(listMax)),
    idempotent: optional(z.boolean()),
    timeout: optional(durationField(second, minute)),
  }).transform((written, context): Omit<ServiceRequest, 'name'> => {
    const say = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const { url, method, bearer, basic, body, values, success, failed, idempotent, timeout, tls, headers } = written
    if (bearer && basic) say(['basic'], 'use either bearer or basic')
    if (body !== undefined && method === 'GET') say(['body'], 'a GET has no body: use POST')
    const names = (values ?? []).map(({ name }) => name)
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) say(['values', index, 'name'], `there are two values named "${name}"`)
    }
    return {
      method: method ?? 'POST',
      url: readUrl(url, names, references, (message) => say(['url'], message)),
      headers: [...(headers ?? []), ...signIn(bearer, basic)],
      body: body === undefined || body === null ? null : readBody(body as Json, names, references, say),
      values: values ?? [],
      successCodes: success ?? [200, 201, 202, 204],
      failedCodes: failed ?? [],
      idempotent: idempotent ?? false,
      timeoutMs: timeout ?? 10 * second,
      ...(tls && { tls }),
    }
  })
}

type Say = (path: (string | number)[], message: string) => void

function readUrl(raw: string, names: readonly string[], references: References, say: (message: string) => void) {
  const resolved = references.text(raw)
  if (!resolved.ok) say(resolved.reason)
  const reading = readRequestText(resolved.ok ? resolved.text : '', names)
  if (!reading.ok) say(reading.reason)
  else {
    const problem = resolved.ok ? urlTemplateProblem(reading.parts) : null
    if (problem !== null) say(problem)
    else if (raw.includes('#')) say('must not contain a fragment (#)')
  }
  return { value: secret(resolved.ok ? resolved.text : ''), shown: raw }
}

/** A document with every reference replaced, and as it is written. */
function readBody(body: Json, names: readonly string[], references: References, say: Say): ServiceRequest['body'] {
  const resolve = (node: Json, path: (string | number)[]): Json => {
    if (typeof node === 'string') {
      const text = references.text(node)
      const reading = readRequestText(text.ok ? text.text : '', names)
      if (!text.ok || !reading.ok) say(path, text.ok ? (reading as { reason: string }).reason : text.reason)
      return text.ok ? text.text : ''
    }
    if (node === null || typeof node !== 'object') return node
    if (Array.isArray(node)) return node.map((item, index) => resolve(item, [...path, index]))
    const entries = Object.entries(node).map(([key, member]) => {
      if (key.includes('{{')) say([...path, key], 'a placeholder may stand only in a value')
      return [key, resolve(member as Json, [...path, key])] as const
    })
    return Object.fromEntries(entries)
  }
  const value = JSON.stringify(resolve(body, ['body']))
  if (Buffer.byteLength(value) > bodyBytesMax) say(['body'], `must not be longer than ${bodyBytesMax} bytes`)
  return { value: secret(value), shown: body }
}

function signIn(bearer: Secret | undefined, basic: { user: string; password: Secret } | undefined) {
  const header = (value: string, shown: string) => ({ name: 'authorization', value: secret(value), shown })
  if (bearer) return [header(`Bearer ${bearer.reveal()}`, `Bearer ${redacted}`)]
  if (!basic) return []
  const value = Buffer.from(`${basic.user}:${basic.password.reveal()}`).toString('base64')
  return [header(`Basic ${value}`, `Basic ${redacted}`)]
}

function headersField(references: References) {
  const name = z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no header name')
    .refine((text) => !ownHeaders.includes(text.toLowerCase()), 'cannot be set here')
  const value = z.string().transform((raw, context) => {
    const resolved = references.secret(raw)
    if (!resolved.ok) context.addIssue(resolved.reason)
    else if (!/^[\x20-\x7e]*$/.test(resolved.text)) context.addIssue('must be printable ASCII')
    return { value: secret(resolved.ok ? resolved.text : ''), shown: raw }
  })
  return z.record(name, value).transform((headers) =>
    Object.entries(headers).map(([name, { value, shown }]) => {
      const hidden = shown !== value.reveal() || secretHeader.test(name)
      return { name: name.toLowerCase(), value, shown: hidden ? redacted : shown }
    }),
  )
}
