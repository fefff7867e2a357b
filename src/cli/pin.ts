import { Command } from 'commander'
import { configOption } from './arguments.ts'
import { localCommand } from './command.ts'
import type { CliParts, Pin } from './parts.ts'

export function pin(parts: CliParts): Command {
  const command = new Command('pin')
    .summary('print the pins of the plugins as they are now')
    .description(
      'Prints the SHA-256 of every plugin file, as lines for hepar.yaml: from then on Hepar refuses one that is another. It runs no plugin.',
    )
    .addOption(configOption())
  return localCommand<{ config?: string }>(command, parts, async ({ options, print }) => {
    const local = await parts.local()
    print(await local.pins({ configFile: options.config ?? null }), format)
  })
}

function format(pins: readonly Pin[]): string {
  return ['pins:', ...pins.map(({ name, digest }) => `  ${name}: ${digest}`), ''].join('\n')
}
