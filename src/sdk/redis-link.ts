import { createConnection, isIP } from 'node:net'
import { Redis } from 'ioredis'
import { parseInfo, type RedisInfo } from './redis-info.ts'
import type { RedisSettings } from './redis-settings.ts'
import { type RedisState, stateOfFailure, stateOfReply } from './redis-state.ts'

export interface LinkBounds {
  readonly signal: AbortSignal
  /** How long a connection and each single answer may take. */
  readonly answerMs: number
}

/** One connection to one Redis, signed in; database 0 until another is selected. */
export interface RedisLink {
  /** Rejects with the server's own words, or with why there is no answer. */
  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>
  /** The same, with texts as bytes. */
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>
  info(): Promise<RedisInfo>
  close(): void
}

export type Look =
  | { readonly state: RedisState & { readonly kind: 'pong' }; readonly link: RedisLink }
  | { readonly state: RedisState; readonly link: null }

/** Connects, signs in and asks PING. Whoever gets a link closes it. Rejects only when it was cancelled. */
export async function openRedis(settings: RedisSettings, bounds: LinkBounds): Promise<Look> {
  bounds.signal.throwIfAborted()
  const nobody = await reach(settings, bounds)
  bounds.signal.throwIfAborted()
  if (nobody !== null) return { state: nobody, link: null }
  const client = createClient(settings, bounds.answerMs)
  const failure = firstErrorOf(client)
  const stop = () => client.disconnect()
  bounds.signal.addEventListener('abort', stop, { once: true })
  const close = () => {
    bounds.signal.removeEventListener('abort', stop)
    client.disconnect()
  }
  try {
    await client.connect()
    await signIn(client, settings)
    const pong = await client.call('PING')
    if (pong !== 'PONG') throw Object.assign(new Error('Protocol error: PING was not answered with PONG'))
    return { state: { kind: 'pong', said: '' }, link: linkOf(client, close) }
  } catch (error) {
    close()
    bounds.signal.throwIfAborted()
    const state = stateOf(error, failure())
    const plain = settings.tls !== null && state.kind === 'silent' && (await speaksPlainly(settings, bounds))
    bounds.signal.throwIfAborted()
    return { state: plain ? { kind: 'tls', said: 'it speaks without TLS' } : state, link: null }
  }
}

/** The state alone. */
export async function pingRedis(settings: RedisSettings, bounds: LinkBounds): Promise<RedisState> {
  const { state, link } = await openRedis(settings, bounds)
  link?.close()
  return state
}

function linkOf(client: Redis, close: () => void): RedisLink {
  return {
    call: (command, ...args) => client.call(command, ...args),
    callBuffer: (command, ...args) => client.callBuffer(command, ...args),
    info: async () => parseInfo(String(await client.call('INFO'))),
    close,
  }
}

// Reconnecting, queueing and repeating are off: what happens to a command must be known at once. Signing in and selecting are
// asked in plain words, because what the client does by itself at a connection hides what the server says to it.
function createClient({ host, port, tls }: RedisSettings, answerMs: number): Redis {
  const name = tls?.serverName ?? (isIP(host) === 0 ? host : undefined)
  const secured = tls && { ...tls, ...(name === undefined ? {} : { servername: name }) }
  return new Redis({
    host,
    port,
    ...(secured ? { tls: secured } : {}),
    lazyConnect: true,
    protocol: 2,
    db: 0,
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
  })
}

async function signIn(client: Redis, { user, password }: RedisSettings): Promise<void> {
  if (password === null) return
  try {
    await client.call('AUTH', ...(user === null ? [password] : [user, password]))
  } catch (error) {
    // A server without any password lets everybody in.
    if (!/without any password configured/.test((error as Error).message)) throw error
  }
}

/** The client rejects with "Connection is closed."; why it was closed comes as an event before. */
function firstErrorOf(client: Redis): () => unknown {
  let first: unknown
  client.on('error', (error: unknown) => {
    first ??= error
  })
  return () => first
}

function stateOf(error: unknown, earlier: unknown): RedisState {
  const cause = (error as Error).message === 'Connection is closed.' ? (earlier ?? error) : error
  return (cause as Error).name === 'ReplyError' ? stateOfReply((cause as Error).message) : stateOfFailure(cause, true)
}

/** A server without TLS waits for the end of what it takes for a command, and would pass for one that hangs. */
function speaksPlainly({ host, port }: RedisSettings, { signal, answerMs }: LinkBounds): Promise<boolean> {
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
function reach({ host, port }: RedisSettings, { signal, answerMs }: LinkBounds): Promise<RedisState | null> {
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
