import type { ZodType } from 'zod'
import type { Peer } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import { clockSkewMs } from './clock-skew.ts'
import { describePeer, scrub } from './describe.ts'
import { send } from './send.ts'

export interface Bounds {
  readonly timeoutMs: number
  readonly bytesMax: number
}

/** `status` is null when no complete answer came. */
export type JsonReply<T> =
  | { readonly ok: true; readonly value: T; readonly skewMs: number }
  | { readonly ok: false; readonly status: number | null; readonly reason: string }

/** GET of JSON in the shape that `schema` wants; unknown keys are ignored. Never throws, and no reason contains a secret. */
export async function getJson<T>(
  peer: Peer,
  path: string,
  schema: ZodType<T>,
  { clock, timeoutMs, bytesMax }: Bounds & { readonly clock: Clock },
): Promise<JsonReply<T>> {
  const sentAt = clock.now()
  const reply = await send(peer, { path, timeoutMs, bytesMax })
  if (!reply.ok) return { ok: false, status: null, reason: reply.reason }
  const fail = (what: string): JsonReply<T> => ({
    ok: false,
    status: reply.status,
    reason: `${describePeer(peer)}: ${what}`,
  })
  if (reply.status !== 200) return fail(`HTTP ${reply.status}${adviceFor(reply.status)}${quote(peer, reply.body)}`)
  const json = parseJson(reply.body)
  if (json === undefined) return fail('the answer is not JSON; is this the right URL?')
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return fail(`the answer has another shape than expected at ${issue?.path.join('.') || 'its top'}`)
  }
  const skewMs = clockSkewMs({ sentAt, receivedAt: clock.now(), date: reply.headers.date })
  return { ok: true, value: parsed.data, skewMs }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) return ', check the credentials of this source'
  if (status >= 300 && status < 400) return ', redirects are not followed: use the final URL'
  return ''
}

function quote(peer: Peer, body: string): string {
  const text = body.replace(/\s+/g, ' ').trim()
  return text === '' || text.startsWith('<') ? '' : `: ${scrub(peer, text)}`
}
