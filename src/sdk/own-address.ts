import { networkInterfaces } from 'node:os'
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
    const everywhere = own === '0.0.0.0' || own === '::'
    return local && reached.some((address) => isLoopbackAddress(address) || (everywhere && isOfThisMachine(address)))
  })
  return found === undefined ? null : `it is Hepar's own ${found.what}`
}

function isOfThisMachine(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address))
}
