import { type Command, Option } from 'commander'
import { visibleJson } from '../domain/visible.ts'
import { type Client, createClient, type Fields } from './client.ts'
import type { CliParts } from './parts.ts'

/** What a command's work gets: its arguments, its options, and how to answer. */
export interface Call<Options> {
  readonly args: readonly string[]
  readonly options: Options & { readonly json?: boolean }
  /** Prints the value as JSON under `--json`, else what `format` makes of it. */
  readonly print: <T>(value: T, format: (value: T) => string) => void
}

/** A number is the exit code; nothing means 0. */
// biome-ignore lint/suspicious/noConfusingVoidType: work that ends well has nothing to say
type Work<Options, More extends unknown[] = []> = (call: Call<Options>, ...more: More) => Promise<number | void>

export const groups = {
  local: 'Commands that work on this machine:',
  server: 'Commands that ask a running server (HEPAR_URL, HEPAR_TOKEN):',
} as const

const serverHelp = `
Needs a running server:
  HEPAR_URL    where it listens (default http://127.0.0.1:4372)
  HEPAR_TOKEN  a token, when it has any: of \`hepar token create\`, or of its auth.tokens
  HEPAR_CA     PEM file of who signed its certificate, when no public authority did`

/** A command that works on files, without a server. */
export function localCommand<Options>(declared: Command, { out }: CliParts, work: Work<Options>): Command {
  return finish(declared.helpGroup(groups.local), out, work)
}

/** A command that asks a running server. */
export function serverCommand<Options>(declared: Command, parts: CliParts, work: Work<Options, [Client]>): Command {
  const command = declared.helpGroup(groups.server).addHelpText('after', serverHelp)
  return finish<Options>(command, parts.out, (call) => work(call, createClient(parts)))
}

/** The exit code of the command that ran last. */
export const exitCodes = new WeakMap<Command, number>()

function finish<Options>(command: Command, out: CliParts['out'], work: Work<Options>): Command {
  return command.addOption(new Option('--json', 'print JSON')).action(async () => {
    const options = command.opts() as Options & { json?: boolean }
    const print: Call<Options>['print'] = (value, format) => {
      out(options.json ? `${visibleJson(JSON.stringify(value, null, 2))}\n` : format(value))
    }
    const code = await work({ args: command.args, options, print })
    exitCodes.set(root(command), code ?? 0)
  })
}

function root(command: Command): Command {
  return command.parent === null ? command : root(command.parent)
}

/** Rows under a key of an answer. */
export function rows(answer: Fields, key: string): readonly Fields[] {
  const list = answer[key]
  return Array.isArray(list) ? (list as Fields[]) : []
}

/** All pages of a list until `limit` rows are there. */
export async function pages(
  client: Client,
  path: string,
  key: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<readonly Fields[]> {
  const found: Fields[] = []
  let cursor: string | undefined
  do {
    const answer = await client.get(path, { ...query, cursor, limit: Math.min(200, limit - found.length) })
    found.push(...rows(answer, key))
    cursor = typeof answer.cursor === 'string' ? answer.cursor : undefined
  } while (cursor !== undefined && found.length < limit)
  return found
}
