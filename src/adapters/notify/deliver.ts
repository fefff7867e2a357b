import type { Channel } from '../../domain/config.ts'
import type { Clock } from '../../engine/ports.ts'
import type { Deliver, Delivered, Outgoing } from '../../engine/tell/delivery-port.ts'
import { channelTimeoutMs } from './answers.ts'
import { sendEmail } from './email.ts'
import { sendPagerDuty } from './pagerduty.ts'
import { sendSlack } from './slack.ts'
import { sendWebhook } from './webhook.ts'

export interface DeliverPorts {
  /** The channels in force. */
  readonly channels: () => readonly Channel[]
  /** Hepar's own address for people, or `null`. */
  readonly externalUrl: () => string | null
  readonly clock: Clock
  readonly timeoutMs?: number
}

/** Sends messages to the channels in force, each in its own way. What may pass is said to be worth another try. */
export function createDeliver({ channels, externalUrl, clock, timeoutMs = channelTimeoutMs }: DeliverPorts): Deliver {
  return async (message) => {
    const { channel: name } = message
    const channel = channels().find((channel) => channel.name === name)
    if (!channel) return { ok: false, retry: true, reason: `no channel "${name}" under notify in the configuration` }
    try {
      return await sendBy(channel, message, { now: clock.now(), externalUrl: externalUrl(), timeoutMs })
    } catch (cause) {
      // A message that cannot be put into words must not stay in the way of the next.
      return { ok: false, retry: true, reason: `channel ${name}: ${cause instanceof Error ? cause.name : 'failed'}` }
    }
  }
}

type Means = { readonly now: number; readonly externalUrl: string | null; readonly timeoutMs: number }

async function sendBy(channel: Channel, message: Outgoing, means: Means): Promise<Delivered> {
  if (channel.type === 'webhook') return sendWebhook(channel, message, means)
  if (channel.type === 'slack') return sendSlack(channel, message, means)
  if (channel.type === 'pagerduty') return sendPagerDuty(channel, message, means)
  return sendEmail(channel, message, means)
}
