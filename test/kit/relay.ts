import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a local port that can be cut, while everybody else still reaches it. */
export interface Relay extends AsyncDisposable {
  readonly url: string
  /** Cuts what is connected, and whatever tries to connect from now on. */
  shut(): void
  open(): void
}

export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isShut = false
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
    socket.pipe(other)
  }
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((incoming) => {
    if (isShut) return void incoming.destroy()
    const onward = connect(port, '127.0.0.1')
    keep(incoming, onward)
    keep(onward, incoming)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut() {
      isShut = true
      cutAll()
    },
    open() {
      isShut = false
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        cutAll()
      }),
  }
}
