import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { hasBody } from './body.ts'

/**
 * Bounds the connections of a server. Where there would be too many, the one is cut for which Hepar has waited longest, and
 * not turned away who comes last: whoever holds connections without a word would keep everybody else out.
 */
export function boundConnections(server: Server, connectionsMax: number): void {
  const open = new Map<string, Socket>()
  /** Those whose turn it is to send something, by how long it has been. */
  const waiting = new Map<string, Socket>()
  const wait = (key: string) => {
    const socket = open.get(key)
    waiting.delete(key)
    if (socket !== undefined) waiting.set(key, socket)
  }
  // What is cut is gone from the count only after its turn of the event loop.
  server.maxConnections = connectionsMax * 2
  server.on('connection', (socket: Socket) => {
    const key = endsOf(socket)
    open.set(key, socket)
    wait(key)
    socket.once('close', () => {
      if (open.get(key) !== socket) return
      open.delete(key)
      waiting.delete(key)
    })
    if (open.size <= connectionsMax) return
    const [longest] = waiting
    if (longest === undefined) return
    open.delete(longest[0])
    waiting.delete(longest[0])
    longest[1].destroy()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const key = endsOf(request.socket)
    wait(key)
    const arrived = () => waiting.delete(key)
    if (hasBody(request)) request.once('end', arrived)
    else arrived()
    response.once('close', () => wait(key))
  })
}

/** The same for a connection and for the TLS that is spoken on it. */
function endsOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`
}
