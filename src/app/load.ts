import type { ActionInfo, BrokenAction } from '../domain/action.ts'
import type { Config } from '../domain/config.ts'
import { formatProblem, type Policy, type Problem } from '../domain/policy.ts'
import { HeparError } from '../engine/errors.ts'

type PolicyReading =
  | { readonly ok: true; readonly policy: Policy; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

type CheckParams = (
  action: string,
  params: unknown,
  templatedPaths: string[][],
) => Promise<readonly { readonly path: readonly (string | number)[]; readonly message: string }[]>

/** How files become a policy; the composition names the parts. */
export interface Loaders {
  describe(
    folders: readonly string[],
    pins: Readonly<Record<string, string>>,
  ): Promise<{ actions: readonly ActionInfo[]; broken: readonly BrokenAction[] }>
  checkParams(action: ActionInfo, params: unknown, templated: string[][]): ReturnType<CheckParams>
  loadPolicy(parts: {
    config: Config
    unread: readonly string[]
    actions: readonly ActionInfo[]
    broken: readonly BrokenAction[]
    checkParams: CheckParams
    now: number
  }): Promise<PolicyReading>
}

export type Loaded =
  | {
      readonly ok: true
      readonly policy: Policy
      readonly broken: readonly BrokenAction[]
      readonly warnings: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** A configuration, or what could be read of one; `unread` names its keys that could not. */
export interface Readable {
  readonly config: Config
  readonly problems: readonly Problem[]
  readonly unread?: readonly string[]
}

/** A configuration, or its problems and what could be read nevertheless. */
export type ConfigReading =
  | { readonly ok: true; readonly config: Config; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly readable: Readable | null }

/** Loads also below a configuration with mistakes, so that they hide none elsewhere; that never comes out as loaded. */
export async function loadAll(reading: ConfigReading, load: (readable: Readable) => Promise<Loaded>): Promise<Loaded> {
  const readable = reading.ok ? reading : reading.readable
  if (readable === null) return { ok: false, problems: reading.problems }
  const loaded = await load(readable)
  return loaded.ok && !reading.ok ? { ok: false, problems: loaded.warnings } : loaded
}

/** Everything that the files below one configuration say, with every problem at once. `now` is epoch milliseconds. */
export async function loadFiles(
  { config, problems: before, unread = [] }: Readable,
  loaders: Loaders,
  now: number,
  brokenAs: Problem['severity'] = 'warning',
): Promise<Loaded> {
  const { actions, broken } = await loaders.describe(config.plugins, config.pins)
  const checkParams: CheckParams = async (name, params, templatedPaths) => {
    const action = actions.find((known) => known.name === name)
    return action === undefined ? [] : loaders.checkParams(action, params, templatedPaths)
  }
  const reading = await loaders.loadPolicy({ config, unread, actions, broken, checkParams, now })
  const problems = [...before, ...broken.map((plugin) => brokenProblem(plugin, brokenAs)), ...reading.problems]
  return reading.ok ? { ok: true, policy: reading.policy, broken, warnings: problems } : { ok: false, problems }
}

// A server reports a broken plugin and serves with the others; a check does not let it pass.
function brokenProblem({ file, reason }: BrokenAction, severity: Problem['severity']): Problem {
  return { severity, file, line: 0, column: 0, message: `this plugin cannot be used: ${reason}` }
}

/** All problems in one error, for a start that cannot go on. */
export function configError(problems: readonly Problem[]): HeparError {
  const lines = problems.map(formatProblem)
  return new HeparError('config', `the configuration cannot be used:\n${lines.join('\n')}`)
}
