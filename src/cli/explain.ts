import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { AlertExplanation, Explanation, IncidentExplanation } from '../engine/engine.ts'
import type { Fields } from './client.ts'
import { serverCommand } from './command.ts'
import { CliError } from './failure.ts'
import { formatGates } from './gates.ts'
import { formatLadder } from './ladder.ts'
import type { CliParts } from './parts.ts'
import { formatFields, formatTable, heading } from './table.ts'

export function explain(parts: CliParts): Command {
  const command = new Command('explain')
    .summary('say what a delivery would cause now')
    .description('Sends a webhook body to be explained: matches, gates, verdict and plan. Nothing is stored or done.')
    .argument('<file>', 'a JSON file as Alertmanager would send it, or - for standard input')
    .option('--source <name>', 'the source it would come from')
  return serverCommand<{ source?: string }>(command, parts, async ({ args, options, print }, client) => {
    const query = options.source === undefined ? '' : `?source=${encodeURIComponent(options.source)}`
    const answer = await client.send('POST', `/api/v1/explain${query}`, readBody(args[0] as string))
    print(answer as unknown as Explanation, format)
  })
}

function readBody(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new CliError(`cannot read ${file}`, 'Give a file with a webhook body, or - for standard input.', { cause })
  }
}

function format({ alerts }: Explanation): string {
  return alerts.map(formatAlert).join('')
}

function formatAlert({ decision, playbooks, incidents }: AlertExplanation, index: number): string {
  const rows = playbooks.map(({ playbook, matched, failed, shadowed }) => [
    playbook,
    matched ? 'matches' : shadowed ? 'not reached' : 'no',
    failed,
  ])
  return [
    heading(`Alert ${index + 1}`),
    formatFields({ fingerprint: decision.fingerprint, decision: decision.decision, reason: decision.reason }),
    rows.length > 0 ? `\n${formatTable(['PLAYBOOK', 'MATCH', 'WHY NOT'], rows)}` : '',
    ...incidents.map(formatIncident),
  ].join('')
}

function formatIncident(explained: IncidentExplanation): string {
  const { playbook, target, would, verdict, plan, planDigest, note, ladder } = explained
  return [
    heading(`${playbook} on ${target}`),
    formatFields({
      would: `${would} an incident`,
      verdict: verdict?.verdict,
      blocked: verdict?.blockedBy?.reason,
      unblock: verdict?.blockedBy?.result === 'block' ? verdict.blockedBy.unblock : null,
      plan: plan?.summary,
      planDigest,
      note,
    }),
    formatLadder(ladder as unknown as Fields | null),
    verdict === null ? '' : `\n${formatGates(verdict.gates)}`,
  ].join('')
}
