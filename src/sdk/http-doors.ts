import { isLoopbackAddress, parseRange, whyForbidden } from '../domain/forbidden-address.ts'
import { type HttpRule, permit, placeOf } from '../domain/http-allow.ts'

/** Which addresses a URL may lead to, and how many redirects may be followed; or why it may not be asked. */
export type Admission =
  | { readonly ok: true; readonly whyNot: (address: string) => string | null; readonly redirectsMax: number }
  | { readonly ok: false; readonly reason: string }

/** What decides about every URL of a call: the first, and each that a redirect leads to. */
export type Door = (url: URL) => Admission

/** For a neighbour that the configuration names in full: its own URLs, on any network but those nobody is asked on. */
export function peerDoor(peerUrl: string): Door {
  return (url) => {
    if (url.origin === new URL(peerUrl).origin) return { ok: true, whyNot: whyForbidden, redirectsMax: 0 }
    return { ok: false, reason: `${placeOf(url)} is not the configured address` }
  }
}

/** For URLs that alerts have a part in: only what the configuration allows. */
export function allowedDoor(allow: readonly HttpRule[]): Door {
  return (url) => {
    const permitted = permit(url.href, allow)
    if (!permitted.ok) return permitted
    const { addresses, redirectsMax } = permitted.rule
    const whyNot = (address: string) => whyForbidden(address) ?? whyElsewhere(address, url, addresses)
    return { ok: true, whyNot, redirectsMax }
  }
}

function whyElsewhere(address: string, { hostname }: URL, ranges: readonly string[]): string | null {
  if (ranges.length > 0) {
    if (ranges.some((range) => parseRange(range)?.(address))) return null
    return `it is outside of ${ranges.join(', ')}, as http.allow has it`
  }
  // Whoever answers for a name could otherwise lead every request to Hepar's own machine.
  if (!isLoopbackAddress(address) || isLoopbackName(hostname)) return null
  return `it is this machine, and ${hostname} does not say so: write localhost, or add addresses to its rule in http.allow`
}

function isLoopbackName(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host)
}
