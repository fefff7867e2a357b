import type { Channel } from '../../domain/config.ts'
import type { Deliver } from '../../engine/ports.ts'
import { send } from '../http-client/send.ts'

const answerBytesMax = 64 * 1024

/**
 * Posts outbox messages to the channels in force. The receiver gets `Idempotency-Key` to drop repeats. 2xx counts as
 * delivered; 408, 429, 5xx and no answer may be tried again; everything else will not get better by itself.
 */
export function createDeliver(channels: () => readonly Channel[], { timeoutMs = 10_000 } = {}): Deliver {
  return async ({ channel, idempotencyKey, body }) => {
    const found = channels().find(({ name }) => name === channel)
    if (!found) return { ok: false, retry: false, reason: `no channel "${channel}" under notify in the configuration` }
    const reply = await send(found.peer, {
      method: 'POST',
      path: '',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
      timeoutMs,
      bytesMax: answerBytesMax,
      beyond: 'cut',
    })
    if (!reply.ok) return { ok: false, retry: true, reason: reply.reason }
    if (reply.status >= 200 && reply.status < 300) return { ok: true }
    return { ok: false, retry: mayPass(reply.status), reason: `channel ${channel} answered HTTP ${reply.status}` }
  }
}

function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}
