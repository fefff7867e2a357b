import { Command } from 'commander'
import type { Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatTable, heading } from './table.ts'

export function playbooks(parts: CliParts): Command {
  const command = new Command('playbooks').summary('list playbooks').description('Lists playbooks in matching order.')
  return serverCommand(command, parts, async ({ print }, client) => {
    print(await client.get('/api/v1/playbooks'), (answer) =>
      formatTable(
        ['PRIORITY', 'PLAYBOOK', 'MODE', 'TARGET', 'STEPS', 'SUMMARY'],
        rows(answer, 'playbooks').map((row) => [
          row.priority,
          row.name,
          row.mode,
          row.target,
          rows(row, 'steps')
            .map((step) => step.action ?? `escalate ${step.escalate}`)
            .join(', '),
          row.summary,
        ]),
      ),
    )
  })
}

export function actions(parts: CliParts): Command {
  const command = new Command('actions')
    .summary('list actions, and plugins that could not be used')
    .description('Lists actions, and plugin files that could not be used with the reason.')
  return serverCommand(command, parts, async ({ print }, client) => {
    print(await client.get('/api/v1/actions'), format)
  })
}

function format(answer: Fields): string {
  const usable = rows(answer, 'actions').map((row) => [row.name, row.kind, row.risk, row.idempotent, row.summary])
  const broken = rows(answer, 'broken').map((row) => [row.file, row.reason])
  const table = formatTable(['ACTION', 'KIND', 'RISK', 'IDEMPOTENT', 'SUMMARY'], usable)
  return broken.length === 0 ? table : table + heading('Not usable') + formatTable(['FILE', 'REASON'], broken)
}
