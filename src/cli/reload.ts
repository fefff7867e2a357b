import { Command } from 'commander'
import type { Fields } from './client.ts'
import { serverCommand } from './command.ts'
import type { CliParts } from './parts.ts'

export function reload(parts: CliParts): Command {
  const command = new Command('reload')
    .summary('read configuration, playbooks and plugins again')
    .description('Reads configuration, playbooks and plugins again, whole or not at all; first says what would match.')
    .option('--dry-run', 'only say what would match')
  return serverCommand<{ dryRun?: boolean; json?: boolean }>(command, parts, async ({ options, print }, client) => {
    const seen = await client.send('POST', '/api/v1/reload?dryRun=true', {})
    if (options.dryRun) return print(seen, announce)
    if (!options.json) parts.out(announce(seen))
    print(await client.send('POST', '/api/v1/reload', {}), confirm)
  })
}

function announce({ preview, playbooks, actions }: Fields): string {
  const { active, willMatch, willOpen } = preview as Fields
  const words = `will match ${willMatch} of ${active} active alerts now, opening ${willOpen} incidents`
  return `${words} (${playbooks} playbooks, ${actions} actions)\n`
}

function confirm({ revision }: Fields): string {
  return `in force: revision ${String(revision).slice(0, 12)}\n`
}
