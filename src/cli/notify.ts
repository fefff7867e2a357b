import { Command } from 'commander'
import type { Fields } from './client.ts'
import { groups, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields } from './table.ts'

/** `hepar notify test CHANNEL`. */
export function notify(parts: CliParts): Command {
  const test = new Command('test')
    .summary('send a test message to a channel')
    .description(
      'Sends a test message to a channel of notify now, and says what came of it; exits with 1 if it failed.',
    )
    .argument('<channel>', 'its name under notify in hepar.yaml')
  const command = new Command('notify')
    .helpGroup(groups.server)
    .summary('try the channels of notify')
    .description('Tries the channels of notify.')
  return command.addCommand(
    serverCommand<object>(test, parts, async ({ args, print }, client) => {
      const path = `/api/v1/channels/${encodeURIComponent(args[0] as string)}/test`
      const answer = await client.send('POST', path, {})
      print(answer, formatOutcome)
      return answer.sent === true ? 0 : 1
    }),
  )
}

function formatOutcome({ channel, sent, reason }: Fields): string {
  return formatFields({ channel, sent: sent === true ? 'yes' : 'no', reason })
}
