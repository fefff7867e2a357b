import type { IncomingMessage, ServerResponse } from 'node:http'
import type * as z from 'zod'
import type { Delivery } from '../domain/alert.ts'
import type { Config } from '../domain/config.ts'
import type { Access, Principal } from './auth.ts'
import { type BodyBudget, busy, hasBody, parseForm, parseJson, readBody, refuseDeep } from './body.ts'
import { chooseSource } from './choose-source.ts'
import type { Doorkeeper } from './doorkeeper.ts'
import { errorBody, HttpError, toHttpError } from './errors.ts'
import { setPageHeaders } from './headers.ts'
import { type LargeDeliveries, largeBodyBytes } from './large-deliveries.ts'
import { html, page } from './page.ts'
import type { HttpParts } from './parts.ts'
import { readDelivery } from './read-delivery.ts'
import { type Asked, type Desk, type Reply, type Route, redirect } from './route.ts'
import type { Signed } from './slack-signature.ts'

/** What express has already found out about a request. */
export interface Incoming {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly params: Readonly<Record<string, string>>
  readonly query: unknown
}

export interface Surroundings {
  readonly parts: HttpParts
  readonly budget: BodyBudget
  /** For bodies of whoever need not be known, who must not fill the memory that is there for deliveries. */
  readonly strangersBudget: BodyBudget
  readonly largeDeliveries: LargeDeliveries
  readonly doorkeeper: Doorkeeper
}

const apiBodyBytesMax = 1024 * 1024
/** Far more than a token or a reason; strangers may send forms, too. */
const formBytesMax = 64 * 1024

/** Answers one request by one row of the table: who, what, then the handler. Never throws. */
export async function dispatch(route: Route, incoming: Incoming, around: Surroundings): Promise<void> {
  try {
    send(incoming.response, await answer(route, incoming, around))
  } catch (error) {
    if (incoming.request.errored) return
    // Alertmanager retries only 5xx, and 503 tells other senders that it is worth it.
    const refusal = toHttpError(error, route.access === 'webhook' ? 503 : 500, around.parts.log)
    sendRefusal(incoming, refusal, route.face)
  }
}

/** Refuses what no row of the table serves; whoever is not known learns only that. */
export function refuse(
  { request, response }: Pick<Incoming, 'request' | 'response'>,
  error: HttpError,
  { doorkeeper, parts }: Surroundings,
  access: Access = 'known',
): void {
  try {
    doorkeeper.admit(request, access)
    sendError(response, error)
  } catch (stranger) {
    sendRefusal({ request, response }, toHttpError(stranger, 500, parts.log), 'api')
  }
}

/** Sends a refusal in the form every refusal has. */
function sendError(response: ServerResponse, error: HttpError): void {
  if (response.headersSent) return
  send(response, { status: error.status, headers: error.headers, json: errorBody(error) })
}

/** A person who is not signed in is led to where one does that, whatever the address; then back. */
function sendRefusal(
  { request, response }: Pick<Incoming, 'request' | 'response'>,
  error: HttpError,
  face: Route['face'],
): void {
  if (response.headersSent) return
  const isPerson = (request.headers.accept ?? '').includes('text/html')
  if (isPerson && error.status === 401) {
    const back = request.method === 'GET' ? `?next=${encodeURIComponent(request.url ?? '/')}` : ''
    send(response, redirect(`/login${back}`))
    return
  }
  if (!isPerson || face === 'api') {
    sendError(response, error)
    return
  }
  const body = html`<p class="problem" role="alert">${error.message}</p><p>${error.next}</p>`
  send(response, { status: error.status, headers: error.headers, html: page('Not done', body) })
}

async function answer(route: Route, incoming: Incoming, around: Surroundings): Promise<Reply> {
  const { parts, budget, doorkeeper } = around
  const { request } = incoming
  const { config } = parts.policy.current()
  if (route.body === 'signed') return answerSigned(route, incoming, around)
  const who = doorkeeper.admit(request, route.access)
  if (route.face === 'api' && request.method !== 'GET' && request.method !== 'HEAD') {
    doorkeeper.requireCsrf(who, headerOf(request, 'x-csrf-token'))
  }
  const query = parse(route.query, incoming.query, 'query')
  const asked = { params: incoming.params, query, who, by: actor(route, who), desk: deskOf(request, doorkeeper) }
  if (route.body === 'delivery') {
    const raw = await readBody(request, config.limits.bodyBytesMax, budget)
    const body = await deliveryOf(raw, (query as { source?: string }).source, config, around)
    return handle(route, { ...asked, body }, parts)
  }
  if (route.method !== 'get') refuseWhileStopping(parts)
  if (route.body === null) return handle(route, { ...asked, body: null }, parts)
  const sent = route.face === 'page' ? await readForm(route, request, who, around) : await readJson(request, budget)
  return handle(route, { ...asked, body: parse(route.body, sent, 'body') }, parts)
}

/** Who signs needs no token, and comes by whatever name a proxy is reached. */
async function answerSigned(route: Route, { request, params, query }: Incoming, around: Surroundings): Promise<Reply> {
  const { parts, strangersBudget, doorkeeper } = around
  refuseWhileStopping(parts)
  const raw = await readBody(request, apiBodyBytesMax, strangersBudget, 'form')
  const timestamp = headerOf(request, 'x-slack-request-timestamp')
  const body: Signed = { raw, timestamp, signature: headerOf(request, 'x-slack-signature') }
  const who = { name: 'anonymous', role: 'viewer', session: null } as const
  const asked = {
    params,
    query: parse(route.query, query, 'query'),
    who,
    by: 'slack',
    desk: deskOf(request, doorkeeper),
  }
  return handle(route, { ...asked, body }, parts)
}

async function readJson(request: IncomingMessage, budget: BodyBudget): Promise<unknown> {
  const json = hasBody(request) ? parseJson(await readBody(request, apiBodyBytesMax, budget)) : {}
  refuseDeep(json)
  return json
}

async function readForm(
  { access }: Route,
  request: IncomingMessage,
  who: Principal,
  { budget, strangersBudget, doorkeeper }: Surroundings,
) {
  const held = access === 'open' ? strangersBudget : budget
  const { csrf, ...fields } = parseForm(await readBody(request, formBytesMax, held, 'form'))
  doorkeeper.requireCsrf(who, headerOf(request, 'x-csrf-token') ?? csrf)
  return fields
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

function deskOf(request: IncomingMessage, doorkeeper: Doorkeeper): Desk {
  return {
    who: () => doorkeeper.lookFor(request),
    signIn: (token) => doorkeeper.signIn(request, token),
    signOut: () => doorkeeper.signOut(request),
  }
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
  const [contentType, text] = written(reply)
  if ('html' in reply) setPageHeaders(response)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  response.statusCode = reply.status
  response.setHeader('Content-Type', contentType)
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

function written(reply: Reply): readonly [contentType: string, text: string] {
  if ('html' in reply) return ['text/html; charset=utf-8', reply.html]
  if ('text' in reply) return [reply.contentType, reply.text]
  return ['application/json; charset=utf-8', `${JSON.stringify(reply.json)}\n`]
}
