import { createConnection } from 'node:net'
import { connectionsWaiting, isThisMachine } from './local-process.ts'
import type { RedisSettings } from './redis-settings.ts'
import { type RedisState, stateOfFailure } from './redis-state.ts'

export interface LinkBounds {
  readonly signal: AbortSignal
  /** How long a connection and each single answer may take. */
  readonly answerMs: number
}

/** A server without TLS waits for the end of what it takes for a command, and would pass for one that hangs. */
export function speaksPlainly({ host, port }: RedisSettings, { signal, answerMs }: LinkBounds): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, signal, timeout: answerMs }, () => socket.write('PING\r\n'))
    const done = (speaks: boolean) => {
      socket.destroy()
      resolve(speaks)
    }
    socket.once('data', () => done(true))
    for (const event of ['timeout', 'error', 'close']) socket.once(event, () => done(false))
  })
}

/** Why no TCP connection can be made, or `null`. Told apart from a server that is connected to and says nothing. */
export async function reachRedis(settings: RedisSettings, bounds: LinkBounds): Promise<RedisState | null> {
  const connected = await connects(settings, bounds)
  if (connected === 'yes') return null
  if (connected !== 'late') return stateOfFailure(connected, false)
  const { host, port } = settings
  const message = `no connection within ${bounds.answerMs} ms`
  // Clients of a server that hangs come again until no more fit into the kernel's queue; then the kernel itself falls silent.
  const waiting = isThisMachine(host) ? await connectionsWaiting(port) : 0
  if (waiting === 0) return stateOfFailure({ code: 'ETIMEDOUT', message }, false)
  return { kind: 'silent', said: `${message}, and ${waiting} connections wait for it to take them` }
}

function connects({ host, port }: RedisSettings, { signal, answerMs }: LinkBounds): Promise<'yes' | 'late' | Error> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const done = (end: 'yes' | 'late' | Error) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(end)
    }
    const stop = () => done('late')
    const timer = setTimeout(stop, answerMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('connect', () => done('yes'))
    socket.once('error', done)
  })
}
