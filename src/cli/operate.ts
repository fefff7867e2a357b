import { Command } from 'commander'
import { parameter, reasonOption } from './arguments.ts'
import type { Fields } from './client.ts'
import { serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields } from './table.ts'

type Reason = { readonly reason: string }

export function cancel(parts: CliParts): Command {
  const command = new Command('cancel')
    .summary('cancel an incident')
    .description('Cancels an incident; an effect that runs finishes first.')
    .argument('<id>', 'as `hepar incidents` lists it')
    .addOption(reasonOption())
  return serverCommand<Reason>(command, parts, async ({ args, options, print }, client) => {
    const path = `/api/v1/incidents/${encodeURIComponent(args[0] as string)}/cancel`
    print(await client.send('POST', path, { reason: options.reason }), formatIncident)
  })
}

export function resume(parts: CliParts): Command {
  const command = new Command('resume')
    .summary('let hepar work again on an incident that was handed over')
    .description('Lets hepar work again on an incident that was handed over.')
    .argument('<id>', 'as `hepar incidents` lists it')
    .addOption(reasonOption())
  return serverCommand<Reason>(command, parts, async ({ args, options, print }, client) => {
    const path = `/api/v1/incidents/${encodeURIComponent(args[0] as string)}/resume`
    print(await client.send('POST', path, { reason: options.reason }), formatIncident)
  })
}

export function run(parts: CliParts): Command {
  const command = new Command('run')
    .summary('heal by hand: run an action on a target')
    .description('Heals by hand: runs an action on a target, through the same gates as any other attempt.')
    .argument('<action>', 'as `hepar actions` lists it')
    .argument('<target>', 'such as container/local/web')
    .option('-w, --with <key=value>', 'a parameter; may be repeated', parameter)
    .addOption(reasonOption())
  return serverCommand<Reason & { with?: Fields }>(command, parts, async ({ args, options, print }, client) => {
    const [action, target] = args as [string, string]
    const path = `/api/v1/actions/${encodeURIComponent(action)}/run`
    print(await client.send('POST', path, { target, with: options.with ?? {}, reason: options.reason }), formatIncident)
  })
}

function formatIncident(answer: Fields): string {
  const { id, state, ending, target, reason } = answer.incident as Fields
  return `${formatFields({ incident: id, state, ending, target, reason })}\nfollow it with: hepar show ${id}\n`
}
