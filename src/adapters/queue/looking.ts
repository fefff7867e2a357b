import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'

/** A look may take this share of the time at most, so that thousands of lanes cannot keep the process from everything else. */
const share = 1 / 10
/** Nobody waits longer than this for the next look, whatever the last one took. */
const restMaxMs = 1_000

interface LookingParts {
  readonly log: Log
  readonly backoffMaxMs: number
}

/** Looks now or later, never twice at once; a wake during a look, or in the rest after it, is one more look when that is over. */
export function createLooking(look: () => Promise<number>, { log, backoffMaxMs }: LookingParts) {
  let current: Promise<void> | null = null
  let again = false
  let closed = false
  let failures = 0
  let restUntil = 0
  let timer: NodeJS.Timeout | undefined

  async function lookOnce(): Promise<void> {
    clearTimeout(timer)
    const begunAt = performance.now()
    let waitMs: number
    try {
      waitMs = await look()
      failures = 0
    } catch (error) {
      waitMs = Math.min(backoffMaxMs, 100 * 2 ** failures)
      failures = Math.min(failures + 1, 20)
      log.warn({ error: messageOf(error), retryMs: waitMs }, 'cannot read due incidents')
    }
    const endedAt = performance.now()
    restUntil = endedAt + Math.min(restMaxMs, (endedAt - begunAt) * (1 / share - 1))
    if (!closed) timer = setTimeout(wake, waitMs)
  }

  function wake(): void {
    if (closed) return
    again = current !== null
    if (again) return
    const restMs = restUntil - performance.now()
    if (restMs > 0) {
      clearTimeout(timer)
      timer = setTimeout(wake, Math.ceil(restMs))
      return
    }
    current = lookOnce().finally(() => {
      current = null
      if (again) wake()
    })
  }

  return {
    wake,
    async close() {
      closed = true
      clearTimeout(timer)
      await current
      clearTimeout(timer)
    },
  }
}
