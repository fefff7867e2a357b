import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { deliveryAbout } from '../kit/ward.ts'

type Body = ReturnType<typeof deliveryAbout>

/** One delivery: what was sent, and how often it was answered 2xx and how often not. */
export interface Sent {
  readonly body: Body
  /** SHA-256 of the raw body, hex. */
  readonly digest: string
  taken: number
  refused: number
}

/** Sends deliveries as Alertmanager does: anything but 2xx is sent again, with growing pauses, until it is taken. */
export interface Courier {
  readonly sent: readonly Sent[]
  /** Resolves with the decisions once the delivery was taken; rejects on 4xx, which no retry would change. */
  send(body: Body): Promise<readonly { decision: string }[]>
  /** Gives up on what is under way. */
  stop(): void
}

const firstRetryMs = 100
const retryMaxMs = 800
const answerWithinMs = 10_000

export function createCourier(url: string): Courier {
  const sent: Sent[] = []
  const stopping = new AbortController()
  return {
    sent,
    async send(body) {
      const text = JSON.stringify(body)
      const delivery: Sent = { body, digest: createHash('sha256').update(text).digest('hex'), taken: 0, refused: 0 }
      sent.push(delivery)
      for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, retryMaxMs)) {
        const answer = await post(url, text, stopping.signal)
        if (answer?.status === 200) {
          delivery.taken += 1
          return (JSON.parse(answer.text) as { decisions: { decision: string }[] }).decisions
        }
        if (answer && answer.status < 500) throw new Error(`HTTP ${answer.status}: ${answer.text}`)
        delivery.refused += 1
        await pause(retryMs, undefined, { signal: stopping.signal })
      }
    },
    stop: () => stopping.abort(),
  }
}

/** `null` when the connection failed or broke. */
async function post(
  url: string,
  body: string,
  stopping: AbortSignal,
): Promise<{ status: number; text: string } | null> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)])
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal,
    })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    if (stopping.aborted) throw error
    return null
  }
}
