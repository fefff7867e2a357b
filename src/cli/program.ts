import { Command, CommanderError } from 'commander'
import { visible } from '../domain/visible.ts'
import { alerts } from './alerts.ts'
import { approve, reject } from './approve.ts'
import { audit } from './audit.ts'
import { backup, restore } from './backup.ts'
import { actions, playbooks, promote } from './catalogue.ts'
import { check } from './check.ts'
import { exitCodes } from './command.ts'
import { explain } from './explain.ts'
import { incidents } from './incidents.ts'
import { notify } from './notify.ts'
import { cancel, resume, run } from './operate.ts'
import type { CliParts } from './parts.ts'
import { pause, unpause } from './pause.ts'
import { pin } from './pin.ts'
import { reload } from './reload.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'
import { show } from './show.ts'
import { stats } from './stats.ts'
import { storm } from './storm.ts'
import { token } from './token.ts'

const commands = [
  serve,
  check,
  pin,
  schema,
  audit,
  backup,
  restore,
  explain,
  alerts,
  incidents,
  show,
  run,
  cancel,
  resume,
  approve,
  reject,
  pause,
  unpause,
  storm,
  notify,
  playbooks,
  promote,
  actions,
  stats,
  reload,
  token,
]

const usageExit = 2

/** Runs one command line (without node and script) and gives its exit code: 0 done, 1 failed, 2 misused. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const program = createProgram(parts)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCodes.get(program) ?? 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExit
    reportFailure(error, argv.includes('--json'), parts)
    return 1
  }
}

function createProgram(parts: CliParts): Command {
  const program = new Command('hepar')
    .description('The engine that heals what Prometheus sees.')
    .version(parts.version, '-v, --version', 'print the version')
    .showHelpAfterError('(add --help for what is possible)')
    .showSuggestionAfterError()
  for (const create of commands) program.addCommand(create(parts))
  configure(program, parts)
  return program
}

// Settings are inherited only by commands made by the parent itself, so each gets them here.
function configure(command: Command, parts: CliParts): void {
  command.exitOverride().configureOutput({ writeOut: parts.out, writeErr: parts.err })
  for (const child of command.commands) configure(child, parts)
}

function reportFailure(error: unknown, json: boolean, { err, env }: CliParts): void {
  const { message, next, code } = describe(error)
  if (json) {
    err(`${JSON.stringify({ error: { code, message, next } })}\n`)
    return
  }
  err(`hepar: ${message.split('\n').map(visible).join('\n')}\n`)
  if (next !== '') err(`  ${visible(next)}\n`)
  if (env.HEPAR_DEBUG && error instanceof Error) err(`${error.stack}\n`)
}

function describe(error: unknown): { message: string; next: string; code: string } {
  const message = error instanceof Error ? error.message : String(error)
  const { code, next } = (error ?? {}) as { code?: unknown; next?: unknown }
  return {
    message,
    next: typeof next === 'string' ? next : '',
    code: typeof code === 'string' ? code : 'failed',
  }
}
