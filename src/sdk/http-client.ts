import { lookup } from 'node:dns/promises'
import { readUrl } from '../domain/http-allow.ts'
import type { Admission, Door } from './http-doors.ts'
import { type Address, type Answer, type Exchange, exchange, literal } from './http-exchange.ts'

export interface HttpCall extends Partial<Exchange> {
  readonly url: URL
  readonly door: Door
  /** For everything together: resolution, redirects, and the last byte. */
  readonly timeoutMs: number
  readonly bytesMax: number
  readonly signal?: AbortSignal
}

/** `sent` is false while no byte of the request can have left; `late` says that the deadline ended it. No reason holds a URL's path or a header. */
export type HttpReply =
  | ({ readonly ok: true } & Answer)
  | { readonly ok: false; readonly sent: boolean; readonly late: boolean; readonly reason: string }

export type AddressReply =
  | { readonly ok: true; readonly addresses: readonly Address[]; readonly redirectsMax: number }
  /** `final`: no later answer of the name service changes it. */
  | { readonly ok: false; readonly final: boolean; readonly reason: string }

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly Address[]>

/** The one way in which Hepar calls URLs. Never throws. */
export interface HttpClient {
  send(call: HttpCall): Promise<HttpReply>
  /** The checked addresses of a URL, without connecting to them. */
  resolve(call: Pick<HttpCall, 'url' | 'door' | 'timeoutMs' | 'signal'>): Promise<AddressReply>
}

const timeoutMsMax = 10 * 60_000
const addressesMax = 16

/** Resolves each name once, checks every address, connects to what was checked, and uses no proxy whatever the environment says. */
export function createHttpClient({ resolve = resolveAll }: { readonly resolve?: Resolve } = {}): HttpClient {
  return {
    async send(call) {
      const { boundMs, signal } = bound(call)
      let sent = false
      const onConnected = () => {
        sent = true
      }
      try {
        const end = await unlessAborted(follow(call, { resolve, signal, onConnected }), signal)
        return typeof end === 'string' ? { ok: false, sent, late: false, reason: end } : { ok: true, ...end }
      } catch (cause) {
        const late = signal.aborted && !call.signal?.aborted
        return { ok: false, sent, late, reason: whyFailed(cause, signal, boundMs, call.signal) }
      }
    },
    async resolve(call) {
      const { boundMs, signal } = bound(call)
      try {
        return await unlessAborted(admitted(call.url, call.door(call.url), resolve), signal)
      } catch (cause) {
        return { ok: false, final: false, reason: whyFailed(cause, signal, boundMs, call.signal) }
      }
    },
  }
}

function bound({ timeoutMs, signal }: Pick<HttpCall, 'timeoutMs' | 'signal'>) {
  const boundMs = Math.max(1, Math.min(timeoutMs, timeoutMsMax))
  const timeout = AbortSignal.timeout(boundMs)
  return { boundMs, signal: signal ? AbortSignal.any([signal, timeout]) : timeout }
}

interface Means {
  readonly resolve: Resolve
  readonly signal: AbortSignal
  readonly onConnected: () => void
}

/** The last answer, or why there is none. */
async function follow(call: HttpCall, means: Means): Promise<Answer | string> {
  const { method = 'GET', headers = {}, body, tls, bytesMax, beyond = 'fail' } = call
  const own: Exchange = { method, headers, bytesMax, beyond, ...(body !== undefined && { body }), ...(tls && { tls }) }
  // What was meant for one server is nobody else's: a redirect elsewhere carries nothing of the caller.
  const elsewhere: Exchange = { method, headers: {}, bytesMax, beyond }
  let hopsMax = 0
  let url = call.url
  for (let hops = 0; ; hops += 1) {
    const place = await admitted(url, call.door(url), means.resolve)
    if (!place.ok) return hops === 0 ? place.reason : redirected(place.reason)
    if (hops === 0) hopsMax = method === 'GET' ? place.redirectsMax : 0
    const answer = await exchange(url, place.addresses, url.origin === call.url.origin ? own : elsewhere, means)
    const next = hopsMax === 0 ? null : nextUrl(answer, url)
    if (next === null) return answer
    if (typeof next === 'string') return redirected(next)
    if (hops === hopsMax) return redirected(`more than ${hopsMax} times in a row`)
    url = next
  }
}

function redirected(reason: string): string {
  return `it redirects where nobody follows: ${reason}`
}

/** Where a redirect leads, or why nobody goes there; `null` when the answer is none. */
function nextUrl({ status, headers: { location } }: Answer, from: URL): URL | string | null {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null
  if (!URL.canParse(location, from.href)) return 'the URL cannot be read'
  // As written where it is whole, so that nothing has been mended before it is read.
  const reading = readUrl(/^[a-z][a-z0-9+.-]*:/i.test(location) ? location : new URL(location, from.href).href)
  if (!reading.ok) return reading.reason
  if (from.protocol === 'https:' && reading.url.protocol === 'http:') return 'from https: to http:'
  return reading.url
}

async function admitted(url: URL, admission: Admission, resolve: Resolve): Promise<AddressReply> {
  if (!admission.ok) return { ok: false, final: true, reason: admission.reason }
  const fixed = literal(url.hostname)
  const addresses = fixed ? [fixed] : await resolve(url.hostname)
  if (addresses.length === 0) return { ok: false, final: false, reason: `${url.hostname} has no address` }
  for (const { address } of addresses) {
    const why = admission.whyNot(address)
    // One bad address among good ones is not passed over: it is what an attempt to mislead looks like.
    if (why !== null) return { ok: false, final: fixed !== null, reason: `${address} is never asked: ${why}` }
  }
  return { ok: true, addresses: addresses.slice(0, addressesMax), redirectsMax: admission.redirectsMax }
}

async function resolveAll(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}

/** The deadline holds even for what does not know of it, such as the name service. */
async function unlessAborted<T>(question: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const give = () => reject(signal.reason)
  signal.addEventListener('abort', give, { once: true })
  try {
    return await Promise.race([question, promise])
  } finally {
    signal.removeEventListener('abort', give)
  }
}

function whyFailed(cause: unknown, signal: AbortSignal, boundMs: number, callers: AbortSignal | undefined): string {
  if (callers?.aborted) return 'the call was given up'
  if (signal.aborted) return `no complete answer within ${boundMs} ms`
  if (!(cause instanceof Error)) return String(cause)
  // Connecting to a name with several addresses fails with one error for each.
  if (cause instanceof AggregateError) return cause.errors.map((one: Error) => one.message).join('; ')
  return cause.message
}
