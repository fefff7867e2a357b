import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Config } from '../domain/config.ts'

/** Whether browsers reach Hepar through TLS: its own, or that of a proxy named by `externalUrl`. */
export function isSecure({ socket }: IncomingMessage, { externalUrl }: Pick<Config, 'externalUrl'>): boolean {
  return isEncrypted(socket) || externalUrl?.startsWith('https:') === true
}

/** Whether the page that sent a request is one of Hepar's own. A browser says so with every POST. */
export function isOwnOrigin(
  { headers, socket }: IncomingMessage,
  { externalUrl }: Pick<Config, 'externalUrl'>,
): boolean {
  const { origin, host } = headers
  if (origin === undefined || origin === 'null') return false
  if (externalUrl && origin === new URL(externalUrl).origin) return true
  return origin === `${isEncrypted(socket) ? 'https' : 'http'}://${host}`
}

function isEncrypted(socket: IncomingMessage['socket']): boolean {
  return (socket as TLSSocket).encrypted === true
}
