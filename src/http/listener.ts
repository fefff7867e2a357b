import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import type { ListenerTls } from '../domain/config.ts'

const handshakeTimeoutMs = 10_000

/** A server with TLS or without. */
export interface Listener {
  readonly server: Server
  readonly scheme: 'http' | 'https'
  /** Reads the certificate again; connections that stand go on with the old one. Throws when the files cannot be used. */
  renew(tls: ListenerTls | null): void
}

export function createListener(tls: ListenerTls | null, options: ServerOptions, app: RequestListener): Listener {
  if (tls === null) return { server: createServer(options, app), scheme: 'http', renew: () => {} }
  const asking = tls.clientCa === null ? {} : { requestCert: true, rejectUnauthorized: true }
  const server: TlsServer = createTlsServer(
    { ...options, ...contextOf(tls), ...asking, handshakeTimeout: handshakeTimeoutMs },
    app,
  )
  return {
    server,
    scheme: 'https',
    renew: (next) => {
      if (next !== null) server.setSecureContext(contextOf(next))
    },
  }
}

function contextOf({ cert, key, clientCa }: ListenerTls): SecureContextOptions {
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(clientCa !== null && { ca: readFileSync(clientCa) }),
    minVersion: 'TLSv1.2',
  }
}
