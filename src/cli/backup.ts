import { Command } from 'commander'
import { formatBytes } from '../domain/bytes.ts'
import { configOption } from './arguments.ts'
import { localCommand } from './command.ts'
import type { BackupReport, CliParts, RestoreReport } from './parts.ts'
import { formatFields } from './table.ts'

interface BackupOptions {
  readonly config?: string
  readonly verify: boolean
  readonly withKey?: boolean
}

export function backup(parts: CliParts): Command {
  const command = new Command('backup')
    .summary('copy the store, also while Hepar runs')
    .description(
      'Copies the store into one new file, also while Hepar runs, and verifies the chain of the copy. The audit key is not in it: ' +
        'keep that apart, both are needed to restore.',
    )
    .argument('<target>', 'the file to write; one that is there is never overwritten')
    .addOption(configOption())
    .option('--no-verify', 'leave the verification of the chain out')
    .option('--with-key', 'write the audit key beside it, as <target>.key: who has both can write another history')
  return localCommand<BackupOptions>(command, parts, async ({ args, options, print }) => {
    const local = await parts.local()
    const { verify, withKey = false, config } = options
    const request = { configFile: config ?? null, target: args[0] ?? '', verify, withKey }
    const report = await local.backup({ ...request, onProgress: progressTo(parts.err) })
    print(report, formatBackup)
  })
}

const everyMs = 2_000

/** Says now and then how far it is; what is quick says nothing. */
function progressTo(err: CliParts['err']): (done: number, of: number) => void {
  let toldAt = performance.now()
  return (done, of) => {
    if (performance.now() - toldAt < everyMs) return
    toldAt = performance.now()
    err(`${Math.floor((100 * done) / of)} % of ${of} pages are copied\n`)
  }
}

function formatBackup({ file, bytes, seq, mac, takenAt, verified, key, keyFile }: BackupReport): string {
  const words = verified ? 'its chain is intact' : 'its chain was NOT verified'
  const next =
    key === null
      ? `The audit key is not in it: keep a copy of ${keyFile} elsewhere, both are needed to restore.`
      : `The audit key is in ${key}: keep the two apart, for who has both can write another history.`
  const fields = { takenAt: new Date(takenAt).toISOString(), bytes: formatBytes(bytes), seq, mac }
  return `backup ${file}: ${words}\n${formatFields(fields)}${next}\n`
}

export function restore(parts: CliParts): Command {
  const command = new Command('restore')
    .summary('put a backup into an empty data folder')
    .description(
      'Checks a backup with its key, and puts it into the empty data folder of the configuration. Hepar then starts from it, and does ' +
        'nothing to the world before `hepar unpause --restored`: it has forgotten what happened since the backup.',
    )
    .argument('<backup>', 'what `hepar backup` wrote')
    .addOption(configOption())
    .option('--key <file>', 'the audit key of the backup (default: <backup>.key, or audit.key in the data folder)')
  return localCommand<{ config?: string; key?: string }>(command, parts, async ({ args, options, print }) => {
    const local = await parts.local()
    const request = { configFile: options.config ?? null, backup: args[0] ?? '', key: options.key ?? null }
    print(await local.restore(request), formatRestore)
  })
}

function formatRestore({ file, bytes, seq, mac, takenAt, key }: RestoreReport): string {
  const taken = new Date(takenAt).toISOString()
  const next =
    'Start hepar: it takes alerts in and plans, but begins nothing, because what happened since the backup is forgotten. Look at ' +
    '`hepar incidents` and at the world, then: hepar unpause --restored'
  return `restored ${file}: its chain is intact\n${formatFields({ takenAt: taken, bytes: formatBytes(bytes), seq, mac, key })}${next}\n`
}
