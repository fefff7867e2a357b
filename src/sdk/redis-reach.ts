import { createConnection } from 'node:net'
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
export function reachRedis(
  { host, port }: RedisSettings,
  { signal, answerMs }: LinkBounds,
): Promise<RedisState | null> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const done = (state: RedisState | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(state)
    }
    const stop = () => done(null)
    const timer = setTimeout(() => {
      done(stateOfFailure({ code: 'ETIMEDOUT', message: `no connection within ${answerMs} ms` }, false))
    }, answerMs)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('connect', () => done(null))
    socket.once('error', (error) => done(stateOfFailure(error, false)))
  })
}
