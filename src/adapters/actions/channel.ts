import type { Duplex } from 'node:stream'
import { messageOf } from '../../engine/errors.ts'
import { parseShallowJson, type RunnerAnswer, type RunnerLine, runnerAnswer } from './messages.ts'
import { runnerLimits } from './runner-limits.ts'

/** Hepar's end of a runner's channel: lines of JSON both ways. */
export interface Channel {
  send(line: RunnerLine): void
  /** Resolves when the runner's end is closed and everything it said has been heard. */
  readonly closed: Promise<void>
}

// The frame around an answer's value: its kind, its id and the key.
const lineBytesMax = runnerLimits.answerBytesMax + 1_024

/** Listens to a runner. `refuse` is called for what is no answer; nothing after it is heard. */
export function openChannel(
  stream: Duplex,
  { hear, refuse }: { hear: (answer: RunnerAnswer) => void; refuse: (reason: string) => void },
): Channel {
  let parts: Buffer[] = []
  let bytes = 0
  let refused = false

  function refuseOnce(reason: string): void {
    parts = []
    refused = true
    refuse(reason)
  }

  function finishLine(): void {
    const line = Buffer.concat(parts).toString('utf8')
    parts = []
    bytes = 0
    try {
      hear(runnerAnswer.parse(parseShallowJson(line)))
    } catch (error) {
      refuseOnce(`sent something that is no answer: ${messageOf(error).slice(0, 200)}`)
    }
  }

  stream.on('data', (chunk: Buffer) => {
    let rest = chunk
    while (!refused && rest.length > 0) {
      const end = rest.indexOf(10)
      const part = end < 0 ? rest : rest.subarray(0, end)
      parts.push(part)
      bytes += part.length
      if (bytes > lineBytesMax) refuseOnce(`sent an answer of more than ${lineBytesMax} bytes`)
      else if (end >= 0) finishLine()
      rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1)
    }
  })

  return {
    send: (line) => {
      stream.write(`${JSON.stringify(line)}\n`)
    },
    closed: new Promise((resolve) => {
      stream.once('end', () => resolve())
      stream.once('close', () => resolve())
    }),
  }
}
