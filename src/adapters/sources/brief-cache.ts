import type { Clock } from '../../engine/ports.ts'

/** Shares the result of one request among callers that ask for the same thing at nearly the same time. */
export interface BriefCache {
  /**
   * The result of `fetch`, or of one for the same owner and key that began less than the cache's age before this call and
   * not before `sinceMs`. Where one that began too early is still under way, the next waits for it and serves all who wait.
   */
  get<T>(owner: object, key: string, fetch: () => Promise<T>, sinceMs?: number): Promise<T>
}

interface Entry {
  readonly startedAt: number
  readonly result: Promise<unknown>
  /** Set while the request is under way: whoever needs a later one waits for the same one. */
  following: Promise<unknown> | null
  settled: boolean
}

const keysMax = 1_000

/** Without it, a storm of alerts would fetch the same long lists thousands of times. */
export function createBriefCache({ clock, ageMaxMs }: { clock: Clock; ageMaxMs: number }): BriefCache {
  const owners = new WeakMap<object, Map<string, Entry>>()

  function begin(entries: Map<string, Entry>, key: string, fetch: () => Promise<unknown>): Promise<unknown> {
    if (entries.size >= keysMax) entries.clear()
    const entry: Entry = { startedAt: clock.now(), result: fetch(), following: null, settled: false }
    const settle = () => {
      entry.settled = true
    }
    entry.result.then(settle, settle)
    entries.set(key, entry)
    return entry.result
  }

  return {
    get: <T>(owner: object, key: string, fetch: () => Promise<T>, sinceMs = Number.NEGATIVE_INFINITY) => {
      const entries = owners.get(owner) ?? new Map<string, Entry>()
      owners.set(owner, entries)
      const now = clock.now()
      const known = entries.get(key)
      // A clock that was set back makes the age negative: then nothing is known about it.
      const young = known !== undefined && now >= known.startedAt && now - known.startedAt < ageMaxMs
      if (young && known.startedAt >= sinceMs) return known.result as Promise<T>
      if (!young || known.settled) return begin(entries, key, fetch) as Promise<T>
      const next = () => begin(entries, key, fetch)
      known.following ??= known.result.then(next, next)
      return known.following as Promise<T>
    },
  }
}
