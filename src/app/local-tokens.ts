import type { LocalTokens } from '../cli/parts.ts'
import type { Config } from '../domain/config.ts'
import { parseDurationMs } from '../domain/duration.ts'
import { openTokens } from '../engine/operate/tokens.ts'
import type { Clock, Store } from '../engine/ports.ts'
import { viewToken, viewTokens } from '../http/tokens.ts'

interface TokenStoreParts {
  readonly clock: Clock
  readonly randomBytes: (count: number) => Buffer
  /** Takes the data folder for this process alone; throws when a Hepar has it. */
  readonly open: (config: Config, closing: AsyncDisposableStack) => Promise<Store>
}

/** Tokens of a store that no Hepar uses, in the words of the API. */
export function createLocalTokens({ clock, randomBytes, open }: TokenStoreParts) {
  return async <T>(config: Config, work: (tokens: LocalTokens) => Promise<T>): Promise<T> => {
    await using closing = new AsyncDisposableStack()
    const store = await open(config, closing)
    const configured = () => config.auth.tokens
    const tokens = await openTokens({ store, clock, randomBytes, configured })
    const by = 'cli'
    return work({
      list: async () => viewTokens(config, tokens.all(), clock.now()),
      async create({ name, role, expires }) {
        const lifeMs = expires === null ? null : (parseDurationMs(expires) ?? 0)
        const expiresAt = lifeMs === null ? null : clock.now() + lifeMs
        const { token, stored } = await tokens.create({ name, role, by, expiresAt })
        return { ...viewToken(stored, clock.now()), token }
      },
      revoke: async (name) => viewToken(await tokens.revoke(name, by), clock.now()),
    })
  }
}
