import { lookup } from 'node:dns/promises'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { HttpProbe } from '../../engine/ports.ts'

const timeoutMsMax = 60_000

/** Where clouds answer with credentials, and what is no host at all: nothing a health check may look at. */
const blocked = new BlockList()
blocked.addSubnet('169.254.0.0', 16, 'ipv4')
blocked.addAddress('100.100.100.200', 'ipv4')
blocked.addAddress('168.63.129.16', 'ipv4')
blocked.addSubnet('0.0.0.0', 8, 'ipv4')
blocked.addSubnet('224.0.0.0', 3, 'ipv4')
blocked.addSubnet('fe80::', 10, 'ipv6')
blocked.addAddress('fd00:ec2::254', 'ipv6')
blocked.addSubnet('ff00::', 8, 'ipv6')
blocked.addAddress('::', 'ipv6')
blocked.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')

type Address = { readonly address: string; readonly family: 4 | 6 }

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly Address[]>

/**
 * One GET whose answer is only its status: no redirect, no body read, and connected to the very address that was checked,
 * so that a name that changes its mind between check and connection gains nothing.
 */
export function createHttpProbe({ resolve = resolveAll }: { resolve?: Resolve } = {}): HttpProbe {
  return async (text, timeoutMs) => {
    const url = URL.canParse(text) ? new URL(text) : null
    if (!url) return { ok: false, reason: 'the URL cannot be read' }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      return { ok: false, reason: `${url.protocol} is not http: or https:` }
    }
    if (url.username !== '' || url.password !== '') return { ok: false, reason: 'the URL contains credentials' }
    const boundMs = Math.max(1, Math.min(timeoutMs, timeoutMsMax))
    const signal = AbortSignal.timeout(boundMs)
    try {
      const address = await allowedAddress(url.hostname, resolve, signal)
      if (typeof address === 'string') return { ok: false, reason: address }
      return { ok: true, status: await statusOf(url, address, signal) }
    } catch (cause) {
      if (signal.aborted) return { ok: false, reason: `no answer within ${boundMs} ms` }
      return { ok: false, reason: cause instanceof Error ? cause.message : String(cause) }
    }
  }
}

async function allowedAddress(hostname: string, resolve: Resolve, signal: AbortSignal): Promise<Address | string> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  const addresses =
    family === 0
      ? await Promise.race([resolve(host), rejectOnAbort(signal)])
      : [{ address: host, family: family as 4 | 6 }]
  for (const { address, family } of addresses) {
    if (blocked.check(address, family === 6 ? 'ipv6' : 'ipv4')) return `${address} is an address probes may not ask`
  }
  return addresses[0] ?? `${host} has no address`
}

async function resolveAll(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
}

function statusOf(url: URL, { address, family }: Address, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const open = url.protocol === 'https:' ? requestHttps : requestHttp
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const options = {
    protocol: url.protocol,
    host: address,
    family,
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, 'user-agent': 'hepar' },
    agent: false,
    signal,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  }
  const outgoing = open(options, (incoming) => {
    resolve(incoming.statusCode ?? 0)
    // The status is all that was asked for; a body without end would cost memory and time.
    incoming.destroy()
  })
  outgoing.once('error', reject)
  outgoing.end()
  return promise
}
