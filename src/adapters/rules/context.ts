import type { ActionInfo, BrokenAction } from '../../domain/action.ts'
import type { Channel, Config, NamedPolicy, Source } from '../../domain/config.ts'

/**
 * Asks a plugin's own schema about parameters, with texts as written. Problems at `templatedPaths` are about values that only
 * an alert brings, and must be left out. Paths lead into the parameters.
 */
export type CheckParams = (
  action: string,
  params: unknown,
  templatedPaths: string[][],
) => Promise<readonly { readonly path: readonly (string | number)[]; readonly message: string }[]>

/** What playbooks are checked against. */
export interface PlaybookContext {
  /** `null` for what the configuration's own mistakes hide: nothing can be said against it. */
  readonly config: {
    readonly sources: readonly Source[] | null
    readonly notify: readonly Channel[] | null
    readonly http: Config['http'] | null
    readonly policies: readonly NamedPolicy[] | null
  }
  readonly actions: readonly ActionInfo[]
  /** Plugins that could not be used, to say why an action is missing. */
  readonly broken?: readonly BrokenAction[]
  readonly checkParams: CheckParams
}
