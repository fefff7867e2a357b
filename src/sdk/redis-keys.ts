import type { RedisLink } from './redis-link.ts'

export interface SweepBounds {
  /** How many keys one SCAN step and one UNLINK are asked about. */
  readonly batchKeys: number
  readonly keysMax: number
  /** Epoch milliseconds at which no further step begins. */
  readonly until: number
  readonly signal: AbortSignal
  /** Keys that are passed over. */
  readonly except?: readonly string[]
}

export interface Swept {
  readonly keys: number
  /** What ended it: all patterns were gone through, or a bound. */
  readonly end: 'done' | 'keysMax' | 'time'
}

/**
 * Goes through the keys of the selected database that match the patterns, and calls `take` with batches of them; counts
 * what `take` says it took. A key may come twice, as SCAN gives it.
 */
export async function sweepKeys(
  link: RedisLink,
  patterns: readonly string[],
  take: (keys: readonly Buffer[]) => Promise<number>,
  { batchKeys, keysMax, until, signal, except = [] }: SweepBounds,
): Promise<Swept> {
  let keys = 0
  const kept = except.map((key) => Buffer.from(key))
  for (const pattern of patterns) {
    let cursor = '0'
    do {
      signal.throwIfAborted()
      if (Date.now() >= until) return { keys, end: 'time' }
      const [next, all] = await scan(link, cursor, pattern, batchKeys)
      const found = kept.length === 0 ? all : all.filter((key) => !kept.some((other) => other.equals(key)))
      cursor = next
      // One step of SCAN may give more than it was asked for.
      for (let at = 0; at < found.length; at += batchKeys) {
        const batch = found.slice(at, Math.min(at + batchKeys, at + keysMax - keys))
        if (batch.length > 0) keys += await take(batch)
        if (keys >= keysMax) return { keys, end: 'keysMax' }
      }
    } while (cursor !== '0')
  }
  return { keys, end: 'done' }
}

async function scan(link: RedisLink, cursor: string, pattern: string, count: number): Promise<[string, Buffer[]]> {
  const reply = await link.callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', count)
  const [next, found] = reply as [Buffer, Buffer[]]
  return [next.toString(), found]
}
