import { Command, Option } from 'commander'
import { roles } from '../domain/config.ts'
import { configOption, durationText } from './arguments.ts'
import type { Client, Fields } from './client.ts'
import { groups, serverCommand } from './command.ts'
import { CliError } from './failure.ts'
import type { CliParts, LocalTokens } from './parts.ts'
import { formatFields, formatTable } from './table.ts'

interface Where {
  readonly local?: boolean
  readonly config?: string
}

export function token(parts: CliParts): Command {
  return new Command('token')
    .helpGroup(groups.server)
    .summary('make, list and revoke tokens')
    .description(
      'Makes, lists and revokes tokens: asks a running server, with a token of the role admin; or with --local works on the store of ' +
        'a Hepar that is not running, which is how the first token is made for an address that others can reach.',
    )
    .addCommand(create(parts))
    .addCommand(list(parts))
    .addCommand(revoke(parts))
}

function create(parts: CliParts): Command {
  const command = new Command('create')
    .description('Makes a token and prints it, this once: only its digest is kept.')
    .requiredOption('--name <name>', 'who or what will use it; stands in the audit log')
    .addOption(new Option('--role <role>', 'what it opens').choices(roles).makeOptionMandatory())
    .option('--expires <duration>', 'when it ends by itself, such as 90d', durationText)
  return tokenCommand<{ name: string; role: (typeof roles)[number]; expires?: string }>(command, parts, {
    ask: ({ name, role, expires }, client) =>
      client.send('POST', '/api/v1/tokens', { name, role, ...(expires !== undefined && { expires }) }),
    work: ({ name, role, expires = null }, _, local) => local.create({ name, role, expires }),
    format: formatMade,
  })
}

function list(parts: CliParts): Command {
  return tokenCommand(
    new Command('list').description('Lists tokens, also those that are over; never their secrets.'),
    parts,
    {
      ask: (_, client) => client.get('/api/v1/tokens'),
      work: (_, __, local) => local.list(),
      format: ({ tokens }) => formatList(tokens as readonly Fields[]),
    },
  )
}

function revoke(parts: CliParts): Command {
  const command = new Command('revoke')
    .description('Revokes a token at once, with the sessions that it opened.')
    .argument('<name>', 'as `hepar token list` has it')
  return tokenCommand(command, parts, {
    ask: (_, client, [name = '']) => client.send('POST', `/api/v1/tokens/${encodeURIComponent(name)}/revoke`, {}),
    work: (_, [name = ''], local) => local.revoke(name),
    format: ({ name, role }) => `revoked ${name} (${role}): it opens nothing any more\n`,
  })
}

interface Ways<Options> {
  readonly ask: (options: Options, client: Client, args: readonly string[]) => Promise<Fields>
  readonly work: (options: Options, args: readonly string[], local: LocalTokens) => Promise<Fields>
  readonly format: (answer: Fields) => string
}

function tokenCommand<Options>(declared: Command, parts: CliParts, { ask, work, format }: Ways<Options>): Command {
  const command = declared
    .option('--local', 'work on the store itself, while no Hepar uses it')
    .addOption(configOption())
  return serverCommand<Options & Where>(command, parts, async ({ args, options, print }, client) => {
    if (options.local !== true) {
      if (options.config === undefined) return print(await ask(options, client, args), format)
      throw new CliError(
        '--config names a store to work on: it goes with --local',
        'Add --local, or leave --config out.',
      )
    }
    const local = await parts.local()
    print(await local.tokens({ configFile: options.config ?? null }, (tokens) => work(options, args, tokens)), format)
  })
}

function formatMade({ token, name, role, expiresAt }: Fields): string {
  const words = 'Keep it now: it is not shown again. From the first token on, nobody is let in without one.'
  return `${token}\n${formatFields({ name, role, expires: expiresAt ?? 'never' })}${words}\n`
}

function formatList(tokens: readonly Fields[]): string {
  if (tokens.length === 0) return 'no tokens: only this machine can connect, and everybody on it is admin\n'
  return formatTable(
    ['NAME', 'ROLE', 'STATE', 'FROM', 'CREATED', 'BY', 'EXPIRES'],
    tokens.map((row) => [
      row.name,
      row.role,
      row.state,
      row.from,
      row.createdAt,
      row.createdBy,
      row.expiresAt ?? 'never',
    ]),
  )
}
