import { Command } from 'commander'
import { endings, incidentStates } from '../domain/incident.ts'
import { countText, sinceMs } from './arguments.ts'
import { pages, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatTable } from './table.ts'

interface Options {
  readonly state?: string
  readonly ending?: string
  readonly playbook?: string
  readonly target?: string
  readonly since?: string
  readonly limit: number
}

export function incidents(parts: CliParts): Command {
  const command = new Command('incidents')
    .summary('list incidents')
    .description('Lists incidents, newest first.')
    .option('--state <words>', `only these states, separated by commas: ${incidentStates.join(', ')}`)
    .option('--ending <words>', `only these endings, separated by commas: ${endings.join(', ')}`)
    .option('--playbook <name>', 'only of this playbook')
    .option('--target <target>', 'only on this target')
    .option('--since <when>', 'opened since, such as 24h or 2030-01-31', sinceMs)
    .option('--limit <count>', 'at most so many', countText, 50)
  return serverCommand<Options>(command, parts, async ({ options, print }, client) => {
    const { state, ending, playbook, target, since, limit } = options
    const query = { state, ending, playbook, target, since }
    const found = await pages(client, '/api/v1/incidents', 'incidents', query, limit)
    print(found, (list) =>
      list.length === 0
        ? 'no incidents\n'
        : formatTable(
            ['ID', 'STATE', 'PLAYBOOK', 'TARGET', 'OPENED', 'ATTEMPTS', 'REASON'],
            list.map((row) => [
              row.id,
              row.ending ?? row.state,
              row.playbook,
              row.target,
              row.openedAt,
              row.attempts,
              (row.waiting as { reason?: string } | null)?.reason ?? row.reason,
            ]),
          ),
    )
  })
}
