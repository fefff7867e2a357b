import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A door to an engine that can shut some requests out, or speak TLS: what a test cannot make the engine itself do. */
export interface DockerGateway {
  readonly port: number
  close(): void
}

/**
 * Listens on a free loopback port. Requests for which `mute` is true get an answer that begins and never goes on; those
 * for which `canned` has a text get that.
 */
export async function dockerGateway(
  socket: string,
  {
    tls,
    mute = () => false,
    canned = () => null,
  }: { tls?: ServerOptions; mute?: (path: string) => boolean; canned?: (path: string) => string | null } = {},
): Promise<DockerGateway> {
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method, url: path = '/', headers } = incoming
    if (mute(path)) {
      outgoing.writeHead(200).flushHeaders()
      return
    }
    const text = canned(path)
    if (text !== null) {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(text)
      return
    }
    const onward = request({ socketPath: socket, method, path, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders()
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  }
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
