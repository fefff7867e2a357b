import type { Delivered } from '../../engine/tell/delivery-port.ts'
import type { HttpReply } from '../http-client/send.ts'

/** For the whole exchange with a channel. */
export const channelTimeoutMs = 10_000
/** More of an answer than this is of no interest. */
export const answerBytesMax = 64 * 1024

type Refused = Delivered & { readonly ok: false }

/** What became of a request that was not answered 2xx; `null` when it was. What judges the message itself is final. */
export function refusalOf(reply: HttpReply, who: string): Refused | null {
  if (!reply.ok) return { ok: false, retry: true, reason: reply.reason }
  const { status, headers } = reply
  if (status >= 200 && status < 300) return null
  const refused = { ok: false, retry: !judging.has(status), reason: `${who} answered HTTP ${status}` } as const
  const restMs = status === 429 || status === 503 ? retryAfterMs(headers['retry-after']) : null
  return restMs === null ? refused : { ...refused, retryAfterMs: restMs }
}

/** Statuses that speak of the message. Others speak of the server, the place or the credentials, which may pass or be mended within the day. */
const judging: ReadonlySet<number> = new Set([400, 406, 409, 411, 413, 414, 415, 422, 431])

/** `Retry-After` in seconds; dates are not what these channels send. */
function retryAfterMs(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,6}$/.test(value.trim()) ? Number(value) * 1_000 : null
}
