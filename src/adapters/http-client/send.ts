import { readFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import type { Peer } from '../../domain/config.ts'
import { createHttpClient } from '../../sdk/http-client.ts'
import { peerDoor } from '../../sdk/http-doors.ts'
import type { Tls } from '../../sdk/http-exchange.ts'
import { describePeer, scrub } from './describe.ts'

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Appended to the peer's URL: `/api/v2/alerts?active=true`; empty to use the URL as it is. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For the whole exchange, from resolving the name to the last byte. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** What a longer answer is: an error, or cut off there for callers that want only the status. */
  readonly beyond?: 'fail' | 'cut'
}

/** `ok` means that a complete answer came, whatever its status. `reason` never contains a secret. */
export type HttpReply =
  | { readonly ok: true; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  | { readonly ok: false; readonly reason: string }

const client = createHttpClient()

/** One HTTP exchange with a configured peer, with its TLS and credentials. Follows no redirect and never throws. */
export async function send(peer: Peer, request: HttpRequest): Promise<HttpReply> {
  const failed = (words: string): HttpReply => ({ ok: false, reason: `${describePeer(peer)}: ${scrub(peer, words)}` })
  try {
    const { path, headers, ...rest } = request
    const url = urlOf(peer, path)
    const tls = url.protocol === 'https:' ? { tls: await tlsOf(peer) } : {}
    const all = { ...headersOf(peer, new URL(peer.url)), ...headers }
    const reply = await client.send({ ...rest, ...tls, url, headers: all, door: peerDoor(peer.url) })
    return reply.ok ? reply : failed(reply.reason)
  } catch (cause) {
    return failed(cause instanceof Error ? cause.message : String(cause))
  }
}

function urlOf(peer: Peer, path: string): URL {
  const url = new URL(peer.url)
  if (path === '') return url
  return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`)
}

function headersOf(peer: Peer, url: URL): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', ...peer.headers }
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  if (url.username !== '')
    headers.authorization = basic(decodeURIComponent(url.username), decodeURIComponent(url.password))
  if (peer.basic) headers.authorization = basic(peer.basic.user, peer.basic.password.reveal())
  if (peer.bearer) headers.authorization = `Bearer ${peer.bearer.reveal()}`
  return headers
}

// Read anew for every connection, so that renewed certificates need no reload.
export async function tlsOf({ tls }: Pick<Peer, 'tls'>): Promise<Tls> {
  const [ca, cert, key] = await Promise.all([tls?.ca, tls?.cert, tls?.key].map((file) => file && readFile(file)))
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(tls?.serverName ? { servername: tls.serverName } : {}),
  }
}
