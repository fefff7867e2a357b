import { resolve } from 'node:path'
import { type Mode, modes } from '../domain/playbook.ts'
import type { Problem } from '../domain/policy.ts'
import { didYouMean } from '../domain/suggestion.ts'
import { type Address, parseAddress } from './addresses.ts'
import type { Environment } from './references.ts'
import { logLevels } from './sections.ts'

/** What the environment says, over the file: HEPAR_LISTEN, HEPAR_DATA, HEPAR_MODE, HEPAR_LOG_LEVEL. */
export interface Overrides {
  readonly listen: Address | null
  /** The data folder, absolute. */
  readonly data: string | null
  readonly mode: Mode | null
  readonly logLevel: string | null
}

export function readOverrides(env: Environment, problems: Problem[]): Overrides {
  const listen = env.HEPAR_LISTEN ? parseAddress(env.HEPAR_LISTEN) : null
  if (env.HEPAR_LISTEN && !listen) {
    problems.push(environmentProblem('HEPAR_LISTEN must be an address such as 127.0.0.1:4372 or [::1]:4372'))
  }
  return {
    listen,
    data: env.HEPAR_DATA ? resolve(env.HEPAR_DATA) : null,
    mode: readWord('HEPAR_MODE', modes, env, problems),
    logLevel: readWord('HEPAR_LOG_LEVEL', logLevels, env, problems),
  }
}

function readWord<W extends string>(name: string, words: readonly W[], env: Environment, problems: Problem[]) {
  const text = env[name]
  if (!text) return null
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return word
  problems.push(environmentProblem(`${name} must be one of ${words.join(', ')}${didYouMean(text, words)}`))
  return null
}

export function environmentProblem(message: string): Problem {
  return { severity: 'error', file: 'environment', line: 0, column: 0, message }
}
