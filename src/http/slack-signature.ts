import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../domain/secret.ts'

/** A request as it came, with what it is signed by. */
export interface Signed {
  readonly raw: Uint8Array
  readonly timestamp: string | undefined
  readonly signature: string | undefined
}

/** How old a request may be, and how far ahead of this clock. */
export const signatureAgeMaxMs = 5 * 60_000

/** Whether Slack has signed these very bytes within the last minutes: `v0=` and the HMAC-SHA256 of `v0:<timestamp>:<body>`. */
export function isSignedBySlack({ raw, timestamp, signature }: Signed, signingSecret: Secret, now: number): boolean {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now - Number(timestamp) * 1_000) > signatureAgeMaxMs) return false
  const digest = createHmac('sha256', signingSecret.reveal()).update(`v0:${timestamp}:`).update(raw).digest('hex')
  const wanted = Buffer.from(`v0=${digest}`)
  const given = Buffer.from(signature)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
