import { setTimeout as pause } from 'node:timers/promises'
import { DemoFailure } from './failure.ts'
import type { Tell } from './steps.ts'

/** What every part of a demo works with. */
export interface Scene {
  /** Everything the demo makes lies here, and is removed with it. */
  readonly folder: string
  readonly tell: Tell
  /** Aborted when the viewer has had enough; whatever waits then throws. */
  readonly signal: AbortSignal
  /** Closes what was opened, last in, first out. */
  readonly closing: AsyncDisposableStack
}

export interface Wait {
  readonly deadlineMs?: number
  /** What to do when it never comes. */
  readonly next?: string
}

const lookEveryMs = 25

/** Looks until there is something, and gives it. A throw means "not yet"; the last one is told when the deadline has passed. */
export async function until<T>(
  { signal }: Pick<Scene, 'signal'>,
  what: string,
  look: () => T | null | false | Promise<T | null | false>,
  { deadlineMs = 60_000, next = '' }: Wait = {},
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs
  for (let last = ''; ; ) {
    try {
      const seen = await look()
      if (seen !== null && seen !== false) return seen
    } catch (error) {
      if (error instanceof DemoFailure) throw error
      last = ` (${error instanceof Error ? error.message : String(error)})`
    }
    if (performance.now() > giveUpAt) {
      throw new DemoFailure(`waited ${deadlineMs / 1_000} s in vain: ${what}${last}`, next)
    }
    await pause(lookEveryMs, undefined, { signal })
  }
}

/** Tells a fact from outside Hepar, and ends the demo when it is not as it must be. */
export function mustBe<T extends string | number | boolean>(tell: Tell, fact: string, saw: T, wanted: T): void {
  const ok = saw === wanted
  tell({ step: 'fact', fact, ok, saw: String(saw), wanted: String(wanted) })
  if (!ok) throw new DemoFailure(`${fact}: ${saw}, and it must be: ${wanted}`)
}
