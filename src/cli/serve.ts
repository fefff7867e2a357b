import { Command } from 'commander'
import { configOption } from './arguments.ts'
import { localCommand } from './command.ts'
import type { CliParts } from './parts.ts'

export function serve(parts: CliParts): Command {
  const command = new Command('serve')
    .summary('take alerts in and heal')
    .description('Takes alerts in and heals, until SIGTERM or SIGINT. SIGHUP reloads the files.')
    .addOption(configOption())
  return localCommand<{ config?: string }>(command, parts, async ({ options }) => {
    const local = await parts.local()
    await local.serve({ configFile: options.config ?? null, json: options.json ?? false })
  })
}
