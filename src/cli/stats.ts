import { Command } from 'commander'
import { durationText } from './arguments.ts'
import type { Fields } from './client.ts'
import { serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatTable } from './table.ts'

export function stats(parts: CliParts): Command {
  const command = new Command('stats')
    .summary('endings, share of success and time to recover')
    .description('Sums up the incidents closed in a window: endings, share of success, time to recover.')
    .option('--window <duration>', 'how far back', durationText, '7d')
    .option('--playbook <name>', 'only of this playbook')
  return serverCommand<{ window: string; playbook?: string }>(command, parts, async ({ options, print }, client) => {
    const { window, playbook } = options
    print(await client.get('/api/v1/stats', { window, playbook }), format)
  })
}

function format(answer: Fields): string {
  const all = { ...(answer.byPlaybook as Fields), total: answer.total }
  const rows = Object.entries(all).map(([name, value]) => {
    const { closed, byEnding, successShare, recovery } = value as Record<string, Fields & number>
    const spread = recovery?.automation as Fields | undefined
    const endings = Object.entries(byEnding as Fields).filter(([, count]) => Number(count) > 0)
    return [
      name,
      closed,
      endings.map(([ending, count]) => `${ending} ${count}`).join(', '),
      successShare === null ? null : `${Math.round(Number(successShare) * 100)}%`,
      seconds(spread?.meanSeconds),
      seconds(spread?.p90Seconds),
    ]
  })
  return formatTable(['PLAYBOOK', 'CLOSED', 'ENDINGS', 'SUCCESS', 'MTTR', 'P90'], rows)
}

function seconds(value: unknown): string | null {
  return typeof value === 'number' ? `${value.toFixed(1)}s` : null
}
