import { readFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { type RequestOptions, request as requestHttps } from 'node:https'
import type { Peer } from '../../domain/config.ts'
import { describePeer, scrub } from './describe.ts'

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Appended to the peer's URL: `/api/v2/alerts?active=true`; empty to use the URL as it is. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** What a longer answer is: an error, or cut off there for callers that want only the status. */
  readonly beyond?: 'fail' | 'cut'
}

/** `ok` means that a complete answer came, whatever its status. `reason` never contains a secret. */
export type HttpReply =
  | { readonly ok: true; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | { readonly ok: false; readonly reason: string }

/** One HTTP exchange with a configured peer, with its TLS and credentials. Follows no redirect and never throws. */
export async function send(peer: Peer, request: HttpRequest): Promise<HttpReply> {
  try {
    return await exchange(await requestOptions(peer, request), request)
  } catch (cause) {
    return { ok: false, reason: `${describePeer(peer)}: ${scrub(peer, wordsOf(cause))}` }
  }
}

async function requestOptions(peer: Peer, request: HttpRequest): Promise<RequestOptions> {
  const url = new URL(peer.url)
  const base = url.pathname.replace(/\/+$/, '')
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: request.path === '' ? `${url.pathname}${url.search}` : `${base}${request.path}`,
    method: request.method ?? 'GET',
    headers: { ...headersOf(peer, url), ...request.headers },
    agent: false,
    ...(url.protocol === 'https:' ? await tlsOf(peer) : {}),
  }
}

function headersOf(peer: Peer, url: URL): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'hepar', accept: 'application/json', ...peer.headers }
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  if (url.username !== '')
    headers.authorization = basic(decodeURIComponent(url.username), decodeURIComponent(url.password))
  if (peer.basic) headers.authorization = basic(peer.basic.user, peer.basic.password.reveal())
  if (peer.bearer) headers.authorization = `Bearer ${peer.bearer.reveal()}`
  return headers
}

// Read anew for every connection, so that renewed certificates need no reload.
async function tlsOf({ tls }: Peer): Promise<RequestOptions> {
  const [ca, cert, key] = await Promise.all([tls?.ca, tls?.cert, tls?.key].map((file) => file && readFile(file)))
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(tls?.serverName ? { servername: tls.serverName } : {}),
  }
}

async function exchange(options: RequestOptions, request: HttpRequest): Promise<HttpReply> {
  const signal = AbortSignal.timeout(request.timeoutMs)
  try {
    const incoming = await open({ ...options, signal }, request.body)
    const body = await readBody(incoming, request)
    return { ok: true, status: incoming.statusCode ?? 0, headers: incoming.headers, body }
  } catch (cause) {
    if (signal.aborted) throw new Error(`no complete answer within ${request.timeoutMs} ms`, { cause })
    throw cause
  }
}

function open(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = options.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = start(options, resolve)
    outgoing.on('error', reject)
    // Without a listener the socket of such an answer would stay open beyond every limit.
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('it wants to switch to another protocol: is this the right URL?'))
    })
    outgoing.end(body)
  })
}

// Leaving the loop early destroys the connection, so nothing beyond the limit is received.
async function readBody(incoming: IncomingMessage, { bytesMax, beyond = 'fail' }: HttpRequest): Promise<string> {
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

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  // Connecting to a name with several addresses fails with one error for each.
  if (cause instanceof AggregateError) return cause.errors.map((one: Error) => one.message).join('; ')
  return cause.message
}
