import { Command, Option } from 'commander'
import { reasonOption } from './arguments.ts'
import type { Client, Fields } from './client.ts'
import { serverCommand } from './command.ts'
import { CliError } from './failure.ts'
import type { CliParts } from './parts.ts'
import { formatFields } from './table.ts'

interface Options {
  readonly reason: string
  readonly plan?: string
  readonly ask?: string
}

export function approve(parts: CliParts): Command {
  return decision(parts, {
    word: 'approve',
    summary: 'approve the plan that an incident asks about',
    description: 'Approves the plan that an incident asks about, once; then the gates decide once more.',
  })
}

export function reject(parts: CliParts): Command {
  return decision(parts, {
    word: 'reject',
    summary: 'reject the plan that an incident asks about',
    description: 'Rejects the plan that an incident asks about; a human has the incident from then on.',
  })
}

function decision(
  parts: CliParts,
  { word, summary, description }: { word: 'approve' | 'reject'; summary: string; description: string },
): Command {
  const command = new Command(word)
    .summary(summary)
    .description(description)
    .argument('<id>', 'as `hepar incidents --state awaiting_approval` lists it')
    .addOption(new Option('--plan <digest>', 'only if it is still this plan (default: the one that is asked now)'))
    .addOption(new Option('--ask <id>', 'with --plan: only this one, where two attempts have the same plan'))
    .addOption(reasonOption())
  return serverCommand<Options>(command, parts, async ({ args, options, print }, client) => {
    const path = `/api/v1/incidents/${encodeURIComponent(args[0] as string)}`
    const { plan, ask, reason } = options
    const meant = plan === undefined ? await askedNow(path, client) : { plan, ask }
    print(await client.send('POST', `${path}/${word}`, { ...meant, reason }), format)
  })
}

/** Exactly what is asked at the moment: what is asked a moment later is not decided with it. */
async function askedNow(path: string, client: Client): Promise<{ readonly plan: string; readonly ask: string }> {
  const asked = (await client.get(path)).approval as Fields | null | undefined
  if (asked) return { plan: String(asked.planDigest), ask: String(asked.id) }
  throw new CliError(
    'this incident asks for no approval',
    'List those that do: hepar incidents --state awaiting_approval',
  )
}

function format(answer: Fields): string {
  const { id, state } = answer.incident as Fields
  const approval = answer.approval as Fields
  const { summary, pin } = approval.plan as Fields
  const word = approval.state === 'pending' ? 'approved by one of two people' : approval.state
  const about = { incident: id, decision: word, plan: summary, pin, digest: approval.planDigest, state }
  return `${formatFields(about)}\nfollow it with: hepar show ${id}\n`
}
