import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

export interface Tls {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly servername?: string
}

/** One request, and how much of its answer is taken. */
export interface Exchange {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly tls?: Tls
  readonly bytesMax: number
  /** What a longer answer is: an error, or cut off there; `drop` reads none of it. */
  readonly beyond: 'fail' | 'cut' | 'drop'
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const headerBytesMax = 16 * 1024
const announcementsMax = 16

/** Sends one request to the given addresses of a URL and to no other. `onConnected` is called before its first byte leaves. */
export async function exchange(
  url: URL,
  addresses: readonly Address[],
  { method, headers, body, tls, bytesMax, beyond }: Exchange,
  { signal, onConnected }: { signal: AbortSignal; onConnected: () => void },
): Promise<Answer> {
  const options: RequestOptions = {
    protocol: url.protocol,
    hostname: bare(url.hostname),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    method,
    // Nothing may be unpacked: a small answer could become a huge one.
    headers: { 'user-agent': 'hepar', 'accept-encoding': 'identity', ...headers, ...lengthOf(body), host: url.host },
    lookup: only(addresses),
    agent: false,
    maxHeaderSize: headerBytesMax,
    insecureHTTPParser: false,
    signal,
    ...tls,
  }
  const incoming = await open(options, body, onConnected)
  const status = incoming.statusCode ?? 0
  if (beyond === 'drop') {
    // A body without end would cost memory and time.
    incoming.destroy()
    return { status, headers: incoming.headers, body: '' }
  }
  const packed = incoming.headers['content-encoding'] ?? 'identity'
  if (beyond === 'fail' && packed !== 'identity') {
    incoming.destroy()
    throw new Error(`the answer is packed (${packed.slice(0, 30)}), which was not asked for`)
  }
  return { status, headers: incoming.headers, body: await read(incoming, bytesMax, beyond) }
}

/** The host of a URL, without the brackets of an IPv6 address. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** Answers every question about any name with the addresses that were checked. */
function only(addresses: readonly Address[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses
    if (first === undefined) callback(new Error('there is no address to connect to'), '', 4)
    else if (all) callback(null, [...addresses])
    else callback(null, first.address, first.family)
  }
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
}

function open(options: RequestOptions, body: string | undefined, onConnected: () => void): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = options.protocol === 'https:'
    const outgoing = (secure ? requestHttps : requestHttp)(options, resolve)
    outgoing.once('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', onConnected))
    outgoing.on('error', reject)
    let announcements = 0
    // They come before the answer, so that neither its size nor that of its headers bounds them.
    outgoing.on('information', () => {
      announcements += 1
      if (announcements <= announcementsMax) return
      outgoing.destroy(new Error(`it announced an answer more than ${announcementsMax} times`))
    })
    outgoing.once('upgrade', (_incoming, socket) => {
      socket.destroy()
      reject(new Error('it wants to switch to another protocol: is this the right URL?'))
    })
    outgoing.once('close', () => reject(new Error('the connection was closed without an answer')))
    outgoing.end(body)
  })
}

// Leaving the loop early destroys the connection, so nothing beyond the limit is received.
async function read(incoming: IncomingMessage, bytesMax: number, beyond: 'fail' | 'cut'): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > bytesMax && beyond === 'fail') throw new Error(`the answer is longer than ${bytesMax} bytes`)
    parts.push(part)
    if (bytes > bytesMax) return Buffer.concat(parts).toString('utf8')
  }
  if (!incoming.complete) throw new Error('the connection closed in the middle of the answer')
  return Buffer.concat(parts).toString('utf8')
}

/** True for a host that is an address already. */
export function literal(hostname: string): Address | null {
  const address = bare(hostname)
  const family = isIP(address)
  return family === 0 ? null : { address, family: family === 6 ? 6 : 4 }
}
