import { isLoopbackAddress } from '../domain/forbidden-address.ts'

interface Lifeline {
  readonly host: string
  readonly port: number
  readonly what: string
}

/** Why a URL leads to what Hepar itself lives by, or `null`: nobody heals by talking to the healer. */
export function whyOwnAddress(url: URL, reached: readonly string[], lifelines: readonly Lifeline[]): string | null {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const found = lifelines.find((lifeline) => {
    if (lifeline.port !== port) return false
    const own = lifeline.host.toLowerCase()
    if (own === url.hostname.replace(/^\[|\]$/g, '') || reached.includes(own)) return true
    const local = own === 'localhost' || own === '0.0.0.0' || own === '::' || isLoopbackAddress(own)
    return local && reached.some(isLoopbackAddress)
  })
  return found === undefined ? null : `it is Hepar's own ${found.what}`
}
