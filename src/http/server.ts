import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import express, { type Express } from 'express'
import { isLoopback } from './auth.ts'
import { createBodyBudget } from './body.ts'
import { boundConnections } from './connections.ts'
import { dispatch, refuse, type Surroundings } from './dispatch.ts'
import { createDoorkeeper } from './doorkeeper.ts'
import { errorBody, HttpError, toHttpError } from './errors.ts'
import { setSecurityHeaders } from './headers.ts'
import { createLargeDeliveries, type LargeDeliveries } from './large-deliveries.ts'
import { createListener } from './listener.ts'
import type { HttpParts } from './parts.ts'
import { routes } from './routes.ts'

/** Limits of the connection itself; every slow or endless client meets one. */
export interface ServerLimits {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly headerBytesMax: number
  /** Of more, those go for which Hepar has waited longest. */
  readonly connectionsMax: number
  /** How long a refused body may still flow before the connection is cut. */
  readonly lingerMs: number
  /** Bodies held in memory at once, as a multiple of the largest single one. */
  readonly bodiesHeldMax: number
  readonly closeGraceMs: number
}

export const defaultServerLimits: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  headerBytesMax: 16 * 1024,
  connectionsMax: 512,
  lingerMs: 2_000,
  bodiesHeldMax: 8,
  closeGraceMs: 5_000,
}

export interface HttpServer {
  /** Resolves with the address once it listens; throws an advice when the address is taken or not allowed. */
  listen(address: {
    readonly host: string
    readonly port: number
  }): Promise<{ readonly url: string; readonly port: number }>
  /** Takes the certificate of the configuration in force, from its files as they are now. Throws when it cannot be used. */
  renew(): void
  /** Stops accepting, lets requests in flight end, cuts the rest. */
  close(): Promise<void>
}

/** What all who are not known may have in memory at once. */
const strangersBytesMax = 4 * 1024 * 1024

/** The HTTP face of Hepar: webhook, operations and API, served from one route table. */
export function createHttp(parts: HttpParts, limits: ServerLimits = defaultServerLimits): HttpServer {
  let listenHost = ''
  const largeDeliveries = createLargeDeliveries()
  const app = createExpress(parts, limits, largeDeliveries, () => listenHost)
  const { tls } = parts.policy.current().config
  const { server, scheme, renew } = createListener(
    tls,
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: 500,
    },
    app,
  )
  boundConnections(server, limits.connectionsMax)
  server.on('clientError', answerBrokenClient)
  return {
    listen: async ({ host, port }) => {
      refuseOpenDoor(host, parts)
      listenHost = host
      const address = await listening(server, host, port)
      return { url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port }
    },
    renew: () => renew(parts.policy.current().config.tls),
    async close() {
      await closing(server, limits.closeGraceMs)
      await largeDeliveries.close()
    },
  }
}

function createExpress(
  parts: HttpParts,
  limits: ServerLimits,
  largeDeliveries: LargeDeliveries,
  listenHost: () => string,
): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple')
  app.enable('case sensitive routing').enable('strict routing')
  const config = () => parts.policy.current().config
  const doorkeeper = createDoorkeeper({
    config,
    stored: () => parts.tokens.all(),
    now: () => parts.clock.now(),
    listenHost,
    onFailure: (reason) => parts.metrics.countAuthFailure(reason),
  })
  const budget = createBodyBudget(() => limits.bodiesHeldMax * config().limits.bodyBytesMax)
  const strangersBudget = createBodyBudget(() => strangersBytesMax)
  const around: Surroundings = { parts, budget, strangersBudget, largeDeliveries, doorkeeper }
  app.use((request, response, next) => {
    setSecurityHeaders(response)
    cutWhatFlowsOn(request, response, limits.lingerMs)
    next()
  })
  for (const route of routes) {
    app[route.method](route.path, async (request, response) => {
      if (route.access === 'webhook') observe(response, parts)
      const params = request.params as Readonly<Record<string, string>>
      const incoming = { request, response, params, query: request.query }
      await dispatch(route, incoming, around)
    })
  }
  for (const [path, rows] of Map.groupBy(routes, ({ path }) => path)) {
    const allow = rows.map(({ method }) => method.toUpperCase()).join(', ')
    const access = rows.some((row) => row.access === 'open') ? 'open' : 'known'
    app.all(path, (request, response) => refuse({ request, response }, wrongMethod(allow), around, access))
  }
  app.use((request, response) => refuse({ request, response }, unknownRoute(), around))
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: IncomingMessage, response: ServerResponse, _next: unknown) => {
    refuse({ request, response }, toHttpError(error, 500, parts.log), around)
  })
  return app
}

function observe(response: ServerResponse, { metrics }: HttpParts): void {
  const begun = performance.now()
  response.once('finish', () => metrics.observeDelivery(response.statusCode, (performance.now() - begun) / 1_000))
}

// Cutting at once would reset the connection before the sender has read why it was refused.
function cutWhatFlowsOn(request: IncomingMessage, response: ServerResponse, lingerMs: number): void {
  response.once('finish', () => {
    if (request.complete) return
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy()
    }, lingerMs)
    request.once('close', () => clearTimeout(timer))
    request.resume()
  })
}

function answerBrokenClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { status, text, message, next } = brokenClients[error.code ?? ''] ?? malformed
  const refusal = new HttpError(status, 'bad_request', message, next)
  const body = JSON.stringify(errorBody(refusal))
  const head = `HTTP/1.1 ${status} ${text}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`)
}

interface BrokenClient {
  readonly status: number
  readonly text: string
  readonly message: string
  readonly next: string
}

const malformed: BrokenClient = {
  status: 400,
  text: 'Bad Request',
  message: 'this is not a complete HTTP/1.1 request',
  next: 'Send plain HTTP, without TLS, with a body as long as its headers say.',
}

const brokenClients: Readonly<Record<string, BrokenClient>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    text: 'Request Header Fields Too Large',
    message: 'address and headers are too large',
    next: 'Send less than 16 KiB of them.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    text: 'Request Timeout',
    message: 'the request took too long to arrive',
    next: 'Send headers within 10 s and the whole request within 30 s.',
  },
}

function refuseOpenDoor(host: string, { policy, tokens }: HttpParts): void {
  if (isLoopback(host) || policy.current().config.auth.tokens.length > 0 || tokens.all().length > 0) return
  const next =
    'Make a token with `hepar token create --local`, configure auth.tokens in hepar.yaml, or listen on 127.0.0.1.'
  throw new HttpError(500, 'config', `listening on ${host} without any token would let everybody in. ${next}`, next)
}

function wrongMethod(allow: string): HttpError {
  const options = { headers: { Allow: allow } }
  return new HttpError(405, 'method_not_allowed', 'this method is not served here', `Use ${allow}.`, options)
}

function unknownRoute(): HttpError {
  return new HttpError(404, 'no_route', 'there is no such address', 'See /openapi.json for what is served.')
}

function listening(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const advice = taken ? 'another process listens there; stop it or change "listen"' : 'check "listen"'
      reject(new Error(`cannot listen on ${host}:${port}: ${cause.message}; ${advice} in hepar.yaml`, { cause }))
    })
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo))
  })
}

async function closing(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
