import type { BrokenAction } from '../domain/action.ts'
import type { Config } from '../domain/config.ts'
import type { Policy } from '../domain/policy.ts'
import { HeparError } from '../engine/errors.ts'
import type { PolicyHolder } from '../engine/ports.ts'
import type { Loaded } from './load.ts'
import { secretsOf } from './secrets.ts'

/** What is in force at this moment; replaced whole, so that nobody sees half of a change. */
export interface InForce extends PolicyHolder {
  /** Known from the first line of the start, before there is a policy. */
  config(): Config
  brokenActions(): readonly BrokenAction[]
  /** Of this configuration and all before it, for an old token must not appear in a log either. Longer ones first: one may be part of another. */
  secrets(): readonly string[]
  /** Gives back what undoes it. */
  put(loaded: Loaded & { readonly ok: true }): () => void
}

export function createInForce(first: Config): InForce {
  let policy: Policy | null = null
  let broken: readonly BrokenAction[] = []
  let secrets = longestFirst(secretsOf(first))
  return {
    current() {
      if (policy === null) throw new HeparError('conflict', 'hepar is still starting')
      return policy
    },
    config: () => policy?.config ?? first,
    brokenActions: () => broken,
    secrets: () => secrets,
    put(loaded) {
      const before = { policy, broken }
      policy = loaded.policy
      broken = loaded.broken
      secrets = longestFirst([...secrets, ...secretsOf(loaded.policy.config)])
      return () => {
        policy = before.policy
        broken = before.broken
      }
    },
  }
}

function longestFirst(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets)].sort((a, b) => b.length - a.length)
}
