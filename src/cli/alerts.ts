import { Command } from 'commander'
import { countText } from './arguments.ts'
import type { Fields } from './client.ts'
import { pages, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatTable } from './table.ts'

export function alerts(parts: CliParts): Command {
  const command = new Command('alerts')
    .summary('list active alerts with the decision about each and why')
    .description('Lists active alerts with the decision about each and why.')
    .option('--limit <count>', 'at most so many', countText, 200)
  return serverCommand<{ limit: number }>(command, parts, async ({ options, print }, client) => {
    print(await pages(client, '/api/v1/alerts', 'alerts', {}, options.limit), format)
  })
}

function format(list: readonly Fields[]): string {
  if (list.length === 0) return 'no active alerts\n'
  return formatTable(
    ['SOURCE', 'FINGERPRINT', 'ALERT', 'SINCE', 'DECISION', 'PLAYBOOKS', 'WHY'],
    list.map((row) => [
      row.source,
      row.fingerprint,
      (row.labels as Fields).alertname,
      row.startsAt,
      row.decision,
      (row.playbooks as string[]).join(', '),
      row.reason,
    ]),
  )
}
