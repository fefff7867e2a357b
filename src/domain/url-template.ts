import { climbs, readUrl } from './http-allow.ts'

/** Text, and anything else for a place where a value will stand. */
type Parts = readonly (string | object)[]

/** A URL as it could be, with `x` for every value. */
export function sampleUrl(parts: Parts): string {
  return parts.map((part) => (typeof part === 'string' ? part : 'x')).join('')
}

/** Why a template is no URL whose host is fixed in the file, or `null`: only path, query and fragment may come from an alert. */
export function urlTemplateProblem(parts: Parts): string | null {
  // The first part alone must settle the host: whoever chooses the host chooses what "healthy" means.
  const [first = ''] = parts
  const settled = typeof first === 'string' && /^https?:\/\/[^/?#]+([/?#]|$)/i.test(first)
  if (!settled || (parts.length > 1 && !/^https?:\/\/[^/?#]+[/?#]/i.test(first))) {
    return 'must begin with http://host/ or https://host/, and a placeholder may not stand in scheme, host or port'
  }
  const sample = sampleUrl(parts)
  if (/[\s\\\p{Cc}]/u.test(sample) || !URL.canParse(sample)) return 'must be a URL such as http://web:8080/health'
  const { username, password } = new URL(sample)
  if (username !== '' || password !== '') return 'must not contain credentials'
  if (climbs(sample)) return 'must not contain . or .. as a part of its path'
  const reading = readUrl(sample)
  return reading.ok ? null : reading.reason
}
