import { Command } from 'commander'
import { durationText } from './arguments.ts'
import type { Fields } from './client.ts'
import { rows, serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'
import { formatTable, heading } from './table.ts'

export function stats(parts: CliParts): Command {
  const command = new Command('stats')
    .summary('endings, share of success and time to recover')
    .description(
      'Sums up the incidents closed in a window: endings, share of success, time to recover; and by step what became of its attempts, ' +
        'how often it acted though the probes passed already, and how surely it heals.',
    )
    .option('--window <duration>', 'how far back', durationText, '7d')
    .option('--playbook <name>', 'only of this playbook')
  return serverCommand<{ window: string; playbook?: string }>(command, parts, async ({ options, print }, client) => {
    const { window, playbook } = options
    print(await client.get('/api/v1/stats', { window, playbook }), format)
  })
}

function format(answer: Fields): string {
  const all = { ...(answer.byPlaybook as Fields), total: answer.total }
  const closings = Object.entries(all).map(([name, value]) => {
    const { closed, byEnding, successShare, recovery } = value as Record<string, Fields & number>
    const spread = recovery?.automation as Fields | undefined
    const endings = Object.entries(byEnding as Fields).filter(([, count]) => Number(count) > 0)
    return [
      name,
      closed,
      endings.map(([ending, count]) => `${ending} ${count}`).join(', '),
      percent(successShare),
      seconds(spread?.meanSeconds),
      seconds(spread?.p50Seconds),
      seconds(spread?.p90Seconds),
    ]
  })
  const table = formatTable(['PLAYBOOK', 'CLOSED', 'ENDINGS', 'SUCCESS', 'MTTR', 'P50', 'P90'], closings)
  const steps = rows(answer, 'steps').map(formatStep)
  return steps.length === 0 ? table : table + heading('Steps') + formatTable([...stepColumns], steps)
}

const stepColumns = [
  'PLAYBOOK',
  'ACTION',
  'ATTEMPTS',
  'HEALED',
  'INEFFECTIVE',
  'FAILED',
  'UNKNOWN',
  'RELAPSED',
  'FALSE POSITIVES',
  'LOWER BOUND',
  'P50',
  'P90',
] as const

function formatStep(step: Fields): readonly unknown[] {
  const { playbook, action, attempts, healed, ineffective, failed, unknown, relapsed } = step
  const took = step.timeToHeal as Fields
  const wasted = Number(step.asked) === 0 ? 'not asked' : `${step.falsePositives} of ${step.asked}`
  const counts = [attempts, healed, ineffective, failed, unknown, relapsed]
  return [
    playbook,
    action,
    ...counts,
    wasted,
    percent(step.lowerBound),
    seconds(took.p50Seconds),
    seconds(took.p90Seconds),
  ]
}

function percent(share: unknown): string | null {
  return typeof share === 'number' ? `${Math.round(share * 100)}%` : null
}

function seconds(value: unknown): string | null {
  return typeof value === 'number' ? `${value.toFixed(1)}s` : null
}
