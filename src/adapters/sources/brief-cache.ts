import type { Clock } from '../../engine/ports.ts'

/** Shares the result of one request among callers that ask for the same thing at nearly the same time. */
export interface BriefCache {
  /** The result of `fetch`, or of one for the same owner and key that began less than the cache's age before this call. */
  get<T>(owner: object, key: string, fetch: () => Promise<T>): Promise<T>
}

const keysMax = 1_000

/** Without it, a storm of alerts would fetch the same long lists thousands of times. */
export function createBriefCache({ clock, ageMaxMs }: { clock: Clock; ageMaxMs: number }): BriefCache {
  const owners = new WeakMap<object, Map<string, { readonly startedAt: number; readonly result: Promise<unknown> }>>()
  return {
    get: <T>(owner: object, key: string, fetch: () => Promise<T>) => {
      const entries = owners.get(owner) ?? new Map()
      owners.set(owner, entries)
      const now = clock.now()
      const known = entries.get(key)
      // A clock that was set back makes the age negative: then nothing is known about it.
      if (known && now >= known.startedAt && now - known.startedAt < ageMaxMs) return known.result as Promise<T>
      if (entries.size >= keysMax) entries.clear()
      const result = fetch()
      entries.set(key, { startedAt: now, result })
      return result
    },
  }
}
