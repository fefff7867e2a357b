import { Command } from 'commander'
import { reasonOption } from './arguments.ts'
import type { Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

export function playbooks(parts: CliParts): Command {
  const command = new Command('playbooks').summary('list playbooks').description('Lists playbooks in matching order.')
  return serverCommand(command, parts, async ({ print }, client) => {
    print(await client.get('/api/v1/playbooks'), formatPlaybooks)
  })
}

function formatPlaybooks(answer: Fields): string {
  const demoted = rows(answer, 'playbooks').filter((row) => row.demoted)
  const why = demoted.map((row) => {
    const { since, reason } = row.demoted as Fields
    return [row.name, since, reason, `hepar promote ${row.name} --reason <text>`]
  })
  const table = formatTable(
    ['PRIORITY', 'PLAYBOOK', 'MODE', 'TARGET', 'STEPS', 'SUMMARY'],
    rows(answer, 'playbooks').map((row) => [
      row.priority,
      row.name,
      row.demoted ? `${row.mode} (demoted)` : row.mode,
      row.target,
      rows(row, 'steps')
        .map((step) => step.action ?? `escalate ${step.escalate}`)
        .join(', '),
      row.summary,
    ]),
  )
  if (why.length === 0) return table
  return table + heading('Demoted to approve') + formatTable(['PLAYBOOK', 'SINCE', 'WHY', 'LIFT IT WITH'], why)
}

export function promote(parts: CliParts): Command {
  const command = new Command('promote')
    .summary('let a playbook that was demoted act by itself again')
    .description("Lifts the demotion of a playbook. One is also lifted when the playbook's file changes.")
    .argument('<playbook>', 'as `hepar playbooks` lists it')
    .addOption(reasonOption())
  return serverCommand<{ reason: string }>(command, parts, async ({ args, options, print }, client) => {
    const path = `/api/v1/playbooks/${encodeURIComponent(args[0] as string)}/promote`
    print(await client.send('POST', path, { reason: options.reason }), (answer) =>
      formatFields(answer.promoted as Fields),
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
