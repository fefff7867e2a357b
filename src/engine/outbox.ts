import type { OutboxMessage } from '../domain/message.ts'
import { messageOf } from './errors.ts'
import type { Clock, Deliver, Log, Store } from './ports.ts'
import { createRounds, type Rounds } from './rounds.ts'

export interface OutboxPorts {
  readonly store: Store
  readonly clock: Clock
  readonly deliver: Deliver
  readonly log: Log
}

const messagesPerRound = 20
const firstRetryMs = 1_000
const retryMaxMs = 60_000
const giveUpAfterMs = 24 * 3_600_000
const lookEveryMs = 1_000

/** Sends what the log promised to send: retried with growing pauses, with the same key, until accepted or a day old. */
export function createOutbox(ports: OutboxPorts): Rounds {
  const unrecorded: Unrecorded = new Map()
  return createRounds(() => sendDue(ports, unrecorded), {
    pauseMs: () => lookEveryMs,
    onError: (error) => ports.log.error({ error: messageOf(error) }, 'the outbox could not be worked through'),
  })
}

type Answer = Awaited<ReturnType<Deliver>>
/** Answers by message that the store could not take yet; sending again would call the same human again. */
type Unrecorded = Map<string, Answer>

/** All at once: a channel that swallows messages must hold up neither the others nor a stop. */
async function sendDue(ports: OutboxPorts, unrecorded: Unrecorded): Promise<void> {
  // What cannot be written down must not leave; the store says by itself when it can be written again.
  if (!ports.store.health().ok) return
  const due = await ports.store.read.outboxDue(ports.clock.now(), messagesPerRound)
  const tries = await Promise.allSettled(due.map((message) => sendOne(message, ports, unrecorded)))
  for (const one of tries) if (one.status === 'rejected') throw one.reason
}

async function sendOne(
  message: OutboxMessage,
  { store, clock, deliver }: OutboxPorts,
  unrecorded: Unrecorded,
): Promise<void> {
  const { id, channel, dedupeKey, body } = message
  const answer = unrecorded.get(id) ?? (await deliver({ channel, idempotencyKey: dedupeKey, body }))
  unrecorded.set(id, answer)
  await store.transaction('outbox', async (tx) => {
    const now = clock.now()
    const after = afterTry(message, answer, now)
    await tx.saveMessage(after)
    const failure = { channel, reason: after.lastError, gaveUp: after.gaveUpAt !== null, tries: after.tries }
    await tx.append([
      {
        type: answer.ok ? 'notification.sent' : 'notification.failed',
        at: now,
        actor: 'engine',
        incident: message.incident,
        body: answer.ok ? { channel, tries: after.tries } : failure,
      },
    ])
  })
  unrecorded.delete(id)
}

/** The message after one try. Pure. */
export function afterTry(message: OutboxMessage, answer: Answer, now: number): OutboxMessage {
  const tries = message.tries + 1
  if (answer.ok) return { ...message, tries, sentAt: now, lastError: null }
  const givesUp = !answer.retry || now - message.createdAt >= giveUpAfterMs
  const pauseMs = Math.min(firstRetryMs * 2 ** (tries - 1), retryMaxMs)
  return { ...message, tries, nextAt: now + pauseMs, gaveUpAt: givesUp ? now : null, lastError: answer.reason }
}
