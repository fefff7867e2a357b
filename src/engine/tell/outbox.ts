import { type OutboxMessage, subjectOf } from '../../domain/message.ts'
import { messageOf } from '../errors.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { createRounds, type Rounds } from '../rounds.ts'
import type { Deliver, Delivered } from './delivery-port.ts'

export interface OutboxPorts {
  readonly store: Store
  readonly clock: Clock
  readonly deliver: Deliver
  readonly log: Log
}

/** A channel that swallows messages holds up so many of its own, and nobody else. */
const perChannelMax = 4
const firstRetryMs = 1_000
const retryMaxMs = 60_000
/** The older a message, the less a minute matters to it, and each try is an event of the log. */
const retryMaxOfAge = 1 / 8
/** A channel that wants to be left alone for longer is tried again all the same. */
const restMaxMs = 15 * 60_000
const giveUpAfterMs = 24 * 3_600_000
const lookEveryMs = 1_000

/** What is known between two looks, in this process alone. */
interface Under {
  /** Messages on their way, by id. */
  readonly way: Map<string, { readonly channel: string; readonly done: Promise<void> }>
  /** Answers by message that the store could not take yet; sending again would call the same human again. */
  readonly unrecorded: Map<string, Delivered>
  /** Until when a channel asked to be left alone. */
  readonly resting: Map<string, number>
}

/**
 * Sends what the log promised to send: retried with growing pauses, with the same key, until accepted or a day old.
 * Channels never wait for each other; what one channel is told of one subject leaves in order.
 */
export function createOutbox(ports: OutboxPorts): Rounds {
  const under: Under = { way: new Map(), unrecorded: new Map(), resting: new Map() }
  const rounds = createRounds(() => startDue(ports, under, () => rounds.kick()), {
    pauseMs: () => lookEveryMs,
    onError: (error) => ports.log.error({ error: messageOf(error) }, 'the outbox could not be looked through'),
  })
  return {
    kick: rounds.kick,
    async close() {
      await rounds.close()
      await Promise.all([...under.way.values()].map(({ done }) => done))
    },
  }
}

/** Sets every message on its way that may leave now, and waits for none of them. */
async function startDue(ports: OutboxPorts, under: Under, kick: () => void): Promise<void> {
  const { store, clock, log } = ports
  // What cannot be written down must not leave; the store says by itself when it can be written again.
  if (!store.health().ok) return
  const now = clock.now()
  for (const message of await store.read.outboxDue(now, perChannelMax)) {
    const { id, channel } = message
    const busy = [...under.way.values()].filter((other) => other.channel === channel).length
    if (under.way.has(id) || busy >= perChannelMax || isResting(under, channel, now)) continue
    const done = sendOne(message, ports, under).then(
      () => true,
      (error) => {
        log.error({ error: messageOf(error), channel }, 'what became of a message could not be recorded')
        return false
      },
    )
    const ended = done.then((recorded) => {
      under.way.delete(id)
      // What follows in the same story is due now; after a failure the next look is soon enough.
      if (recorded) kick()
    })
    under.way.set(id, { channel, done: ended })
  }
}

/** A clock that was set back must not make hours of the minutes for which a channel wants to be left alone. */
function isResting({ resting }: Under, channel: string, now: number): boolean {
  const until = resting.get(channel) ?? 0
  return until > now && until <= now + restMaxMs
}

async function sendOne(message: OutboxMessage, { store, clock, deliver }: OutboxPorts, under: Under): Promise<void> {
  const { id, channel, dedupeKey: idempotencyKey, body, createdAt } = message
  const subject = subjectOf(message)
  const earlier = subject === null ? [] : await store.read.told(subject, channel)
  const outgoing = { channel, idempotencyKey, subject, body, createdAt, earlier }
  const answer = under.unrecorded.get(id) ?? (await deliver(outgoing))
  under.unrecorded.set(id, answer)
  if (!answer.ok && answer.retryAfterMs !== undefined) {
    under.resting.set(channel, clock.now() + Math.min(answer.retryAfterMs, restMaxMs))
  }
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
  under.unrecorded.delete(id)
}

/** The message after one try. Pure. */
export function afterTry(message: OutboxMessage, answer: Delivered, now: number): OutboxMessage {
  const tries = message.tries + 1
  if (answer.ok) return { ...message, tries, sentAt: now, lastError: null, receipt: answer.receipt ?? null }
  const givesUp = !answer.retry || now - message.createdAt >= giveUpAfterMs
  const pauseMaxMs = Math.max(retryMaxMs, Math.min((now - message.createdAt) * retryMaxOfAge, restMaxMs))
  const pauseMs = Math.min(firstRetryMs * 2 ** (tries - 1), pauseMaxMs)
  const restMs = Math.min(answer.retryAfterMs ?? 0, restMaxMs)
  const nextAt = now + Math.max(pauseMs, restMs)
  return { ...message, tries, nextAt, gaveUpAt: givesUp ? now : null, lastError: answer.reason }
}
