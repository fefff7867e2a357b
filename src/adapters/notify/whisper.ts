import type { Channel } from '../../domain/config.ts'
import type { Log } from '../../engine/ports.ts'
import { channelTimeoutMs } from './answers.ts'
import { whisper } from './slack.ts'

interface Words {
  readonly place: string
  readonly user: string
  readonly words: string
}

/** Tells one person in a channel of Slack something that only they see. What cannot be told is logged; never throws. */
export function createWhisper(channels: () => readonly Channel[], log: Log) {
  return async (name: string, to: Words): Promise<void> => {
    const channel = channels().find((channel) => channel.name === name)
    if (channel?.type !== 'slack') return
    const answer = await whisper(channel, to, { timeoutMs: channelTimeoutMs })
    if (!answer.ok) log.warn({ channel: name, reason: answer.reason }, 'who pressed a button could not be answered')
  }
}
