import { setTimeout as pause } from 'node:timers/promises'

/** Ids of changed containers, kept until they are taken, and the end of the stream that told of them. */
export interface ChangeQueue {
  add(id: string): void
  end(reason: string): void
  ended(): string | null
  any(): boolean
  /** Every id added since the last call, each once. */
  take(): readonly string[]
  /** Resolves when there is something to take, at the end, when `signal` aborts, or after `ms`. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createChangeQueue(): ChangeQueue {
  const ids = new Set<string>()
  let ended: string | null = null
  let wake = () => {}
  return {
    add(id) {
      ids.add(id)
      wake()
    },
    end(reason) {
      ended ??= reason
      wake()
    },
    ended: () => ended,
    any: () => ids.size > 0,
    take() {
      const taken = [...ids]
      ids.clear()
      return taken
    },
    async wait(ms, signal) {
      if (ids.size > 0 || ended !== null) return
      const nap = new AbortController()
      wake = () => nap.abort()
      await pause(ms, null, { signal: AbortSignal.any([nap.signal, signal]) }).catch(() => undefined)
      wake = () => {}
    },
  }
}
