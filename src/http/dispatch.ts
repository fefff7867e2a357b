import type { IncomingMessage, ServerResponse } from 'node:http'
import type * as z from 'zod'
import type { Delivery } from '../domain/alert.ts'
import type { Config } from '../domain/config.ts'
import { authenticate, type Principal } from './auth.ts'
import { type BodyBudget, busy, parseJson, readBody, refuseDeep } from './body.ts'
import { chooseSource } from './choose-source.ts'
import { errorBody, HttpError, toHttpError } from './errors.ts'
import { type LargeDeliveries, largeBodyBytes } from './large-deliveries.ts'
import type { HttpParts } from './parts.ts'
import { readDelivery } from './read-delivery.ts'
import type { Asked, Reply, Route } from './route.ts'

/** What express has already found out about a request. */
export interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly params: Readonly<Record<string, string>>
  readonly query: unknown
}

interface Surroundings {
  readonly parts: HttpParts
  readonly budget: BodyBudget
  readonly largeDeliveries: LargeDeliveries
  readonly listenHost: string
}

const apiBodyBytesMax = 1024 * 1024

/** Answers one request by one row of the table: who, what, then the handler. Never throws. */
export async function dispatch(route: Route, incoming: Incoming, around: Surroundings): Promise<void> {
  try {
    send(incoming.response, await answer(route, incoming, around))
  } catch (error) {
    if (incoming.request.errored) return
    // Alertmanager retries only 5xx, and 503 tells other senders that it is worth it.
    sendError(incoming.response, toHttpError(error, route.access === 'webhook' ? 503 : 500, around.parts.log))
  }
}

/** Sends a refusal in the form every refusal has. */
export function sendError(response: ServerResponse, error: HttpError): void {
  if (response.headersSent) return
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  send(response, { status: error.status, json: errorBody(error) })
}

async function answer(route: Route, incoming: Incoming, around: Surroundings): Promise<Reply> {
  const { parts, budget, listenHost } = around
  const { headers } = incoming.request
  const { config } = parts.policy.current()
  const { auth, limits } = config
  const who = authenticate({
    access: route.access,
    authorization: headers.authorization,
    host: headers.host,
    origin: headers.origin,
    tokens: auth.tokens,
    listenHost,
  })
  const query = parse(route.query, incoming.query, 'query')
  const asked = { params: incoming.params, query, who, by: actor(route, who) }
  if (route.body === 'delivery') {
    const raw = await readBody(incoming.request, limits.bodyBytesMax, budget)
    const body = await deliveryOf(raw, (query as { source?: string }).source, config, around)
    return handle(route, { ...asked, body }, parts)
  }
  if (route.method !== 'get') refuseWhileStopping(parts)
  if (route.body === null) return handle(route, { ...asked, body: null }, parts)
  const json = hasBody(incoming.request) ? parseJson(await readBody(incoming.request, apiBodyBytesMax, budget)) : {}
  refuseDeep(json)
  return handle(route, { ...asked, body: parse(route.body, json, 'body') }, parts)
}

/** A large body is read beside the event loop; it counts as held until it has been. */
async function deliveryOf(
  raw: Buffer<ArrayBuffer>,
  named: string | undefined,
  { limits, sources }: Config,
  { budget, largeDeliveries }: Surroundings,
): Promise<Delivery> {
  if (raw.length <= largeBodyBytes) return withSource(readDelivery(raw, limits), named, sources)
  const bytes = raw.length
  if (!budget.take(bytes)) throw busy()
  try {
    return withSource(await largeDeliveries.read(raw, limits), named, sources)
  } finally {
    budget.give(bytes)
  }
}

function withSource(delivery: Delivery, named: string | undefined, sources: Config['sources']): Delivery {
  return { ...delivery, source: chooseSource(sources, named, delivery.externalURL) }
}

async function handle(route: Route, asked: Asked<unknown, unknown>, parts: HttpParts): Promise<Reply> {
  return route.handle(asked as Asked<never, never>, parts)
}

function actor({ access }: Route, { name }: Principal): string {
  return `${access === 'webhook' ? 'webhook' : 'operator'}:${name}`
}

function refuseWhileStopping({ health }: HttpParts): void {
  const phase = health.phase()
  if (phase === 'running') return
  throw new HttpError(503, 'not_running', `hepar is ${phase}`, 'Try again when /readyz answers 200.')
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function parse(schema: z.ZodType | null, value: unknown, place: 'query' | 'body'): unknown {
  if (schema === null) return value
  // A query parser makes objects without a prototype, which a strict schema takes for something else.
  const result = schema.safeParse(place === 'query' ? { ...(value as object) } : value)
  if (result.success) return result.data
  const problems = result.error.issues
    .slice(0, 10)
    .map(({ path, message }) => `${[place, ...path].join('.')}: ${message}`)
  throw new HttpError(
    400,
    'invalid',
    problems.join('; ').slice(0, 2_000),
    'See /openapi.json for what this route takes.',
  )
}

function send(response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return
  const isText = 'text' in reply
  const text = isText ? reply.text : `${JSON.stringify(reply.json)}\n`
  response.statusCode = reply.status
  response.setHeader('Content-Type', isText ? reply.contentType : 'application/json; charset=utf-8')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
