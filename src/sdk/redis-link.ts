import { isIP } from 'node:net'
import { Redis } from 'ioredis'
import { parseInfo, type RedisInfo } from './redis-info.ts'
import { type LinkBounds, reachRedis, speaksPlainly } from './redis-reach.ts'
import type { RedisSettings } from './redis-settings.ts'
import { type RedisState, stateOfFailure, stateOfReply } from './redis-state.ts'

const answerBytesMax = 64 * 1024 * 1024

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
  const nobody = await reachRedis(settings, bounds)
  bounds.signal.throwIfAborted()
  if (nobody !== null) return { state: nobody, link: null }
  const client = createClient(settings, bounds.answerMs)
  const failure = firstErrorOf(client)
  const answer = watchAnswer(client)
  const stop = () => client.disconnect()
  bounds.signal.addEventListener('abort', stop, { once: true })
  const close = () => {
    bounds.signal.removeEventListener('abort', stop)
    client.disconnect()
  }
  try {
    await client.connect()
    await signIn(client, settings)
    answer.begin()
    const pong = await client.call('PING')
    if (pong !== 'PONG') throw Object.assign(new Error('Protocol error: PING was not answered with PONG'))
    return { state: { kind: 'pong', said: '' }, link: linkOf(client, answer.begin, close) }
  } catch (error) {
    close()
    bounds.signal.throwIfAborted()
    const state = stateOf(error, failure(), answer.bytes())
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

function linkOf(client: Redis, begin: () => void, close: () => void): RedisLink {
  const call: RedisLink['call'] = (command, ...args) => {
    begin()
    return client.call(command, ...args)
  }
  return {
    call,
    callBuffer(command, ...args) {
      begin()
      return client.callBuffer(command, ...args)
    },
    info: async () => parseInfo(String(await call('INFO'))),
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

/** How much has come of the present answer, which is given up when it is too long to be held. */
function watchAnswer(client: Redis) {
  let bytes = 0
  client.once('connect', () => {
    client.stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= answerBytesMax) return
      client.emit('error', new Error(`Protocol error: an answer is longer than ${answerBytesMax / 2 ** 20} MiB`))
      client.disconnect()
    })
  })
  return {
    begin() {
      bytes = 0
    },
    bytes: () => bytes,
  }
}

/** `bytes` have come of an answer that did not end: whoever says something is not silent. */
function stateOf(error: unknown, earlier: unknown, bytes: number): RedisState {
  const state = stateOfError(error, earlier)
  return state.kind === 'silent' && bytes > 0 ? { kind: 'foreign', said: 'its answer has no end' } : state
}

function stateOfError(error: unknown, earlier: unknown): RedisState {
  const cause = (error as Error).message === 'Connection is closed.' ? (earlier ?? error) : error
  return (cause as Error).name === 'ReplyError' ? stateOfReply((cause as Error).message) : stateOfFailure(cause, true)
}
