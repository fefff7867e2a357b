import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Config } from '../domain/config.ts'

/** The address that people use for Hepar, where it is not the one it listens on. */
type WithExternalUrl = Config & { readonly externalUrl?: string | null }

/** Whether browsers reach Hepar through TLS: its own, or that of a proxy named by `externalUrl`. */
export function isSecure({ socket }: IncomingMessage, config: WithExternalUrl): boolean {
  return isEncrypted(socket) || (config.externalUrl ?? '').startsWith('https:')
}

/** Whether the page that sent a request is one of Hepar's own. A browser says so with every POST. */
export function isOwnOrigin({ headers, socket }: IncomingMessage, config: WithExternalUrl): boolean {
  const { origin, host } = headers
  if (origin === undefined || origin === 'null') return false
  if (config.externalUrl && origin === new URL(config.externalUrl).origin) return true
  return origin === `${isEncrypted(socket) ? 'https' : 'http'}://${host}`
}

function isEncrypted(socket: IncomingMessage['socket']): boolean {
  return (socket as TLSSocket).encrypted === true
}
