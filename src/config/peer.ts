import * as z from 'zod'
import type { Peer } from '../domain/config.ts'
import { literalProblem } from '../domain/http-allow.ts'
import { optional, section, textField } from '../files/fields.ts'
import { urlProblem } from './addresses.ts'
import { fileField, type References, referenceField, secretField } from './references.ts'

const headersElsewhere = ['authorization', 'cookie', 'proxy-authorization', 'host', 'content-length']

/** An HTTP peer: a URL alone, or a map with `url` and how to sign in. `base` peers get paths appended, so they carry no query. */
export function peerField(references: References, use: 'base' | 'whole') {
  return z
    .preprocess((value) => (typeof value === 'string' ? { url: value } : value), peerSection(references, use))
    .meta({ shorthand: 'string' })
}

function peerSection(references: References, use: 'base' | 'whole') {
  return section(peerKeys(references, use)).transform(toPeer)
}

/** The keys of a peer, for sections that have more than these. */
export function peerKeys(references: References, use: 'base' | 'whole') {
  return {
    url: urlField(references, use),
    bearer: optional(secretField(references)),
    basic: optional(section({ user: referenceField(references), password: secretField(references) })),
    headers: optional(headersField(references)),
    tls: optional(tlsField(references)),
  }
}

type PeerKeys = z.output<z.ZodObject<ReturnType<typeof peerKeys>>>

/** What the keys of a peer say together; problems are added to the context. */
export function toPeer(
  { url, bearer, basic, headers, tls }: Pick<PeerKeys, 'url'> & Partial<PeerKeys>,
  context: z.RefinementCtx,
): Peer {
  const never = url === '' ? null : literalProblem(new URL(url))
  if (never !== null) context.addIssue({ code: 'custom', path: ['url'], message: never })
  if (bearer && basic) context.addIssue({ code: 'custom', path: ['basic'], message: 'use either bearer or basic' })
  if (tls && url.startsWith('http:')) {
    const message = 'has no effect on an http:// URL: use https://'
    context.addIssue({ code: 'custom', path: ['tls'], message })
  }
  return {
    url,
    headers: headers ?? {},
    ...(bearer && { bearer }),
    ...(basic && { basic }),
    ...(tls && { tls }),
  }
}

/** How to trust a server and be known to it, in files. */
export function tlsField(references: References) {
  return section({
    ca: optional(fileField(references)),
    cert: optional(fileField(references)),
    key: optional(fileField(references)),
    serverName: optional(textField(253)),
  }).transform((tls, context): NonNullable<Peer['tls']> => {
    if ((tls.cert === undefined) !== (tls.key === undefined)) context.addIssue('cert and key belong together')
    return defined(tls)
  })
}

type Tls = NonNullable<Peer['tls']>

function defined(tls: { [K in keyof Tls]: Tls[K] | undefined }): Tls {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
}

/** A URL in which `${NAME}` is replaced. */
export function urlField(references: References, use: 'base' | 'whole') {
  return referenceField(references).transform((text, context) => {
    if (text === '') return ''
    const problem = urlProblem(text) ?? (use === 'base' && text.includes('?') ? 'must not contain a query (?)' : null)
    if (problem === null) return use === 'base' ? new URL(text).href.replace(/\/+$/, '') : new URL(text).href
    context.addIssue(problem)
    return ''
  })
}

function headersField(references: References) {
  const name = z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no header name')
    .refine((text) => !headersElsewhere.includes(text.toLowerCase()), 'cannot be set here: use bearer or basic')
  const value = referenceField(references).refine((text) => /^[\x20-\x7e]*$/.test(text), 'must be printable ASCII')
  return z.record(name, value)
}
