import { Command } from 'commander'
import { formatProblem } from '../domain/policy.ts'
import { visible } from '../domain/visible.ts'
import { configOption } from './arguments.ts'
import { localCommand } from './command.ts'
import type { CheckReport, CliParts } from './parts.ts'

export function check(parts: CliParts): Command {
  const command = new Command('check')
    .summary('find all problems in configuration, playbooks and plugins')
    .description(
      'Finds all problems in configuration, playbooks and plugins, and asks every source and Docker host whether it ' +
        'answers; exits 1 when one is an error.',
    )
    .addOption(configOption())
    .option('--offline', 'do not ask whether sources and Docker hosts answer')
  return localCommand<{ config?: string; offline?: boolean }>(command, parts, async ({ options, print }) => {
    const local = await parts.local()
    const report = await local.check({ configFile: options.config ?? null, offline: options.offline === true })
    print(report, format)
    return report.problems.some(({ severity }) => severity === 'error') ? 1 : 0
  })
}

function format({ problems, playbooks, actions }: CheckReport): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const verdict = errors === 0 ? 'ok' : 'not usable'
  const found = [
    count(playbooks, 'playbook'),
    count(actions, 'action'),
    count(errors, 'error'),
    count(warnings, 'warning'),
  ]
  const summary = `${verdict}: ${found.join(', ')}`
  return [...problems.map((problem) => visible(formatProblem(problem))), summary, ''].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
