import { createServer } from 'node:net'

const given = new Set<number>()

// Below the kernel's ephemeral range, so that no outgoing connection takes the port between here and its use.
const lowest = 15_000
const highest = 31_999

/** A TCP port on 127.0.0.1 that is free now and that this process has not handed out before. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (given.has(port) || !(await bindable(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}

function bindable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
