import { Command, Option } from 'commander'
import { durationText, reasonOption } from './arguments.ts'
import type { Fields } from './client.ts'
import { serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields } from './table.ts'

const path = '/api/v1/pause'

interface PauseOptions {
  readonly show?: boolean
  readonly reason?: string
  readonly for?: string
}

export function pause(parts: CliParts): Command {
  const command = new Command('pause')
    .summary('turn the stop switch on, or show it')
    .description('Turns the stop switch on: running effects finish, nothing new starts. It survives restarts.')
    .option('--for <duration>', 'until lifted by itself, such as 30m', durationText)
    .addOption(reasonOption().makeOptionMandatory(false))
    .addOption(new Option('--show', 'say whether it is on, by whom, why and until when').conflicts(['reason', 'for']))
  return serverCommand<PauseOptions>(command, parts, async ({ options, print }, client) => {
    if (options.show) return print(await client.get(path), formatPause)
    // Whoever types the bare command in an emergency must not take an answer for a pause.
    if (options.reason === undefined) {
      command.error('error: nothing was paused: give --reason <text>, or --show to see whether it is paused')
    }
    const body = { paused: true, reason: options.reason, ...(options.for !== undefined && { for: options.for }) }
    print(await client.send('PUT', path, body), formatPause)
  })
}

export function unpause(parts: CliParts): Command {
  const command = new Command('unpause')
    .summary('lift the stop switch')
    .description('Lifts the stop switch.')
    .option('--restored', 'also that of a restored store: the world was looked at, and Hepar may act again')
  return serverCommand<{ readonly restored?: boolean }>(command, parts, async ({ options, print }, client) => {
    const body = { paused: false, ...(options.restored === true && { restored: true }) }
    print(await client.send('PUT', path, body), formatPause)
  })
}

function formatPause({ paused, reason, by, since, until }: Fields): string {
  return paused === true
    ? formatFields({ paused: 'yes', reason, by, since, until: until ?? 'it is lifted' })
    : formatFields({ paused: 'no' })
}
