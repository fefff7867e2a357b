import { setTimeout as pause } from 'node:timers/promises'

export interface WaitOptions {
  /** What is waited for, in words for the error. */
  readonly what: string
  readonly deadlineMs?: number
  readonly everyMs?: number
}

/**
 * Calls `condition` until it returns something truthy and returns that. A throw (a failed `expect`, a refused connection)
 * counts as "not yet"; when the deadline passes, the last one is the cause of the error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, deadlineMs = 30_000, everyMs = 50 }: WaitOptions,
): Promise<Exclude<NonNullable<T>, false | 0 | ''>> {
  const deadline = performance.now() + deadlineMs
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as Exclude<NonNullable<T>, false | 0 | ''>
      last = `the condition returned ${String(value)}`
    } catch (cause) {
      last = cause
    }
    if (performance.now() >= deadline) {
      const why = last instanceof Error ? last.message : String(last)
      throw new Error(`waited ${deadlineMs} ms in vain for: ${what}\nlast failure: ${why}`, { cause: last })
    }
    await pause(everyMs)
  }
}
