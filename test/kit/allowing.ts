import { type HttpRule, readRule } from '../../src/domain/http-allow.ts'

/** Rules of `http.allow` for these URLs. */
export function allowing(...urls: readonly string[]): readonly HttpRule[] {
  return urls.map((url) => allowingWith(url, {}))
}

/** One rule with what may stand beside its URL. */
export function allowingWith(url: string, more: Partial<Pick<HttpRule, 'addresses' | 'redirectsMax'>>): HttpRule {
  const reading = readRule(url, more)
  if (!reading.ok) throw new Error(`${url}: ${reading.reason}`)
  return reading.rule
}
