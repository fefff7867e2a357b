import { connect, type Socket } from 'node:net'

export interface RawConnection {
  readonly socket: Socket
  /** Everything received so far. */
  received(): string
  /** Resolves with everything received once the other side has closed or reset the connection. */
  readonly closed: Promise<string>
}

/** A bare TCP connection, for requests that no HTTP client would send. */
export function connectRaw(url: string): RawConnection {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (data) => {
    text += data
  })
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  return { socket, received: () => text, closed }
}

/** The head of a webhook POST, with these headers after the usual ones. */
export function webhookHead(...headers: readonly string[]): string {
  const usual = ['POST /webhook/alertmanager HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
  return `${[...usual, ...headers].join('\r\n')}\r\n\r\n`
}
