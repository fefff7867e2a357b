import { Argument, Command } from 'commander'
import { localCommand } from './command.ts'
import type { CliParts } from './parts.ts'

export function schema(parts: CliParts): Command {
  const command = new Command('schema')
    .summary('print a JSON Schema for your editor')
    .description('Prints the JSON Schema of a file you write, for your editor.')
    .addArgument(new Argument('<name>', 'which file').choices(['playbook', 'config']))
  return localCommand(command, parts, async ({ args, print }) => {
    const local = await parts.local()
    print(local.schema(args[0] as 'playbook' | 'config'), (value) => `${JSON.stringify(value, null, 2)}\n`)
  })
}
