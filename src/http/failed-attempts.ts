import { isIPv6 } from 'node:net'

/** What wrong tokens from one address lead to: after a few, guesses from there are no longer looked at for a while. */
export interface FailedAttempts {
  /** Milliseconds until guesses from this address are looked at again; 0 for now. */
  waitMs(address: string): number
  note(address: string): void
}

interface Entry {
  readonly count: number
  readonly at: number
  readonly until: number
}

const [firstWaitMs, waitMsMax, forgetMs] = [1_000, 5 * 60_000, 15 * 60_000] as const
const freeFailures = 10
const addressesMax = 10_000

/** `now` is in milliseconds and must not jump, or a jump would lock somebody out. */
export function createFailedAttempts(now: () => number = () => performance.now()): FailedAttempts {
  const entries = new Map<string, Entry>()
  const current = (key: string) => {
    const entry = entries.get(key)
    return entry !== undefined && now() - entry.at <= forgetMs ? entry : undefined
  }
  return {
    waitMs: (address) => Math.max(0, (current(networkOf(address))?.until ?? 0) - now()),
    note(address) {
      const key = networkOf(address)
      const count = (current(key)?.count ?? 0) + 1
      const over = count - freeFailures
      const until = over < 0 ? 0 : now() + Math.min(waitMsMax, firstWaitMs * 2 ** over)
      // Taken out first, so that the oldest is always the one that has failed least recently.
      entries.delete(key)
      entries.set(key, { count, at: now(), until })
      if (entries.size > addressesMax) entries.delete(entries.keys().next().value as string)
    },
  }
}

/** Whoever has one IPv6 address has its /64. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail = ''] = address.split('::', 2)
  const [left, right] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]]
  const missing = address.includes('::') ? 8 - left.length - right.length : 0
  return [...left, ...new Array<string>(missing).fill('0'), ...right].slice(0, 4).join(':')
}
