import { Command } from 'commander'
import { configOption } from './arguments.ts'
import { readCheckpoint } from './checkpoint.ts'
import { groups, localCommand, serverCommand } from './command.ts'
import type { AuditReport, CliParts } from './parts.ts'
import { formatFields } from './table.ts'

type Options = { readonly config?: string; readonly checkpoint?: string }

export function audit(parts: CliParts): Command {
  return new Command('audit')
    .helpGroup(groups.local)
    .summary('verify, export and checkpoint the log')
    .description('The log: verify its chain, export it, keep a checkpoint of it elsewhere, change its key.')
    .addCommand(verify(parts))
    .addCommand(exportLog(parts))
    .addCommand(head(parts))
    .addCommand(rotateKey(parts))
}

function verify(parts: CliParts): Command {
  const command = new Command('verify')
    .description('Verifies the whole chain; against a checkpoint kept elsewhere, also that its end was not cut off.')
    .addOption(configOption())
    .option('--checkpoint <file>', 'what `hepar audit head --json` or `hepar audit export` gave earlier')
  return localCommand<Options>(command, parts, async ({ options, print }) => {
    const checkpoint = options.checkpoint === undefined ? null : readCheckpoint(options.checkpoint)
    const local = await parts.local()
    const report = await local.verifyAudit({ configFile: options.config ?? null, checkpoint })
    print(report, formatReport)
    return report.ok ? 0 : 1
  })
}

function formatReport(report: AuditReport): string {
  if (!report.ok) {
    return `the log is NOT intact: ${report.reason} (events proven before it: ${report.verified})\n`
  }
  const { head, count, erased, pruned, checkpoint } = report
  const compared =
    checkpoint === 'matched' ? 'the checkpoint matches' : 'no checkpoint was given, so a cut end cannot show'
  const gone =
    pruned === null
      ? ''
      : `; ${pruned.count} events up to ${pruned.to} were pruned, last by the rule of ${pruned.rule} on ${new Date(pruned.at).toISOString()}`
  const words = `the log is intact: ${count} events, ${erased} of them erased${gone}; ${compared}\n`
  return words + formatFields({ seq: head.seq, mac: head.mac })
}

function exportLog(parts: CliParts): Command {
  const command = new Command('export')
    .description('Prints the whole log as NDJSON, one event a line, with a checkpoint as the last one.')
    .addOption(configOption())
  return localCommand<Options>(command, parts, async ({ options }) => {
    const local = await parts.local()
    for await (const line of local.exportAudit({ configFile: options.config ?? null })) parts.out(line)
  })
}

function head(parts: CliParts): Command {
  const command = new Command('head').description('Prints the checkpoint of the log; keep it on another machine.')
  return serverCommand(command, parts, async ({ print }, client) => {
    print(await client.get('/api/v1/audit/head'), formatFields)
  })
}

function rotateKey(parts: CliParts): Command {
  const command = new Command('rotate-key')
    .description('Adds a new key to the key file, in force at the next start. Keep a copy of that file elsewhere.')
    .addOption(configOption())
  return localCommand<Options>(command, parts, async ({ options, print }) => {
    const local = await parts.local()
    const keyId = await local.rotateAuditKey({ configFile: options.config ?? null })
    print({ keyId }, () => `new key ${keyId}: restart hepar to use it, and renew your copy of the key file\n`)
  })
}
