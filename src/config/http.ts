import * as z from 'zod'
import { parseRange } from '../domain/forbidden-address.ts'
import { type HttpRule, readRule } from '../domain/http-allow.ts'
import { countField, optional, section } from '../files/fields.ts'
import { tlsField } from './peer.ts'
import { type References, referenceField } from './references.ts'

const [rulesMax, rangesMax, redirectsMax] = [500, 50, 5] as const

/** What URLs of playbooks and requests may be called at all. */
export function httpField(references: References) {
  return section({ allow: optional(z.array(ruleField(references)).max(rulesMax)) })
}

/** One rule: a URL alone, or a map with `url`. */
function ruleField(references: References) {
  const map = section({
    url: referenceField(references),
    addresses: optional(z.array(rangeField).min(1, 'must name at least one range').max(rangesMax)),
    redirects: optional(countField(0, redirectsMax)),
    tls: optional(tlsField(references)),
  }).transform(({ url, addresses, redirects, tls }, context): HttpRule => {
    const reading = readRule(url, { addresses: addresses ?? [], redirectsMax: redirects ?? 0 })
    if (reading.ok && tls && reading.rule.scheme === 'http:') {
      context.addIssue({ code: 'custom', path: ['tls'], message: 'has no effect on an http:// URL: use https://' })
    }
    if (reading.ok) return { ...reading.rule, ...(tls && { tls }) }
    // A reference that could not be resolved has been reported, and left nothing.
    if (url !== '') context.addIssue({ code: 'custom', path: ['url'], message: reading.reason })
    return { scheme: 'https:', host: '', port: 0, path: '', addresses: [], redirectsMax: 0 }
  })
  return z
    .preprocess((value) => (typeof value === 'string' ? { url: value } : value), map)
    .meta({ shorthand: 'string' })
}

const rangeField = z
  .string()
  .refine((text) => parseRange(text) !== null, 'must be a range such as 10.0.0.0/8 or fd00::/8')
