import { createHmac } from 'node:crypto'
import type { WebhookChannel } from '../../domain/config.ts'
import type { Secret } from '../../domain/secret.ts'
import type { Delivered, Outgoing } from '../../engine/tell/delivery-port.ts'
import { send } from '../http-client/send.ts'
import { answerBytesMax, refusalOf } from './answers.ts'

/** One POST of the notice as JSON. The receiver gets `Idempotency-Key` to drop repeats, and a signature where there is a secret. */
export async function sendWebhook(
  { name, peer, secret }: WebhookChannel,
  { idempotencyKey, body }: Outgoing,
  { now, timeoutMs }: { readonly now: number; readonly timeoutMs: number },
): Promise<Delivered> {
  const text = JSON.stringify(body)
  const signed = secret ? signatureHeaders(secret, text, now) : {}
  const reply = await send(peer, {
    method: 'POST',
    path: '',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, ...signed },
    body: text,
    timeoutMs,
    bytesMax: answerBytesMax,
    beyond: 'cut',
  })
  return refusalOf(reply, `channel ${name}`) ?? { ok: true }
}

/** The time is part of what is signed, so that nobody can repeat an old message as a new one. */
export function signatureHeaders(secret: Secret, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000))
  const signature = createHmac('sha256', secret.reveal()).update(`${timestamp}.${body}`).digest('hex')
  return { 'x-hepar-timestamp': timestamp, 'x-hepar-signature': `v1=${signature}` }
}
