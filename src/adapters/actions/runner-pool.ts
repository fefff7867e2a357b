import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'
import type { LiveRunner } from './live-runner.ts'

/** Runners, with blank ones started ahead so that an effect begins at once. */
export interface RunnerPool {
  /** A ready, blank runner that is now the caller's to end. Throws when none can be started. */
  take(): Promise<LiveRunner>
  /** Ends every runner it ever started, also those taken. */
  close(): Promise<void>
}

const startsMax = 3
const retryMs = 1_000
const refillAfterMs = 250

export function createRunnerPool({
  size,
  start,
  log,
}: {
  size: number
  start: () => LiveRunner
  log: Log
}): RunnerPool {
  const blank: LiveRunner[] = []
  const living = new Set<LiveRunner>()
  let closed = false
  let retry: NodeJS.Timeout | null = null
  let soon: NodeJS.Timeout | null = null

  function startTracked(): LiveRunner {
    const runner = start()
    living.add(runner)
    void runner.gone.then(() => living.delete(runner))
    return runner
  }

  function refill(): void {
    while (!closed && retry === null && blank.length < size) {
      try {
        const runner = startTracked()
        blank.push(runner)
        void runner.gone.then((reason) => drop(runner, reason))
      } catch (error) {
        waitAfter(error)
      }
    }
  }

  function drop(runner: LiveRunner, reason: string): void {
    const index = blank.indexOf(runner)
    if (index < 0 || closed) return
    blank.splice(index, 1)
    waitAfter(new Error(reason))
  }

  // Refilling at once would compete for the processor with the effect that is about to begin.
  function refillSoon(): void {
    soon ??= setTimeout(() => {
      soon = null
      refill()
    }, refillAfterMs)
  }

  // A machine without memory or processes would otherwise be asked for more of them in a tight loop.
  function waitAfter(error: unknown): void {
    log.error({ error: messageOf(error) }, 'a blank runner could not be kept ready')
    retry ??= setTimeout(() => {
      retry = null
      refill()
    }, retryMs)
  }

  refill()

  return {
    async take() {
      let failure: unknown
      for (let tries = 0; tries < startsMax; tries++) {
        if (closed) throw new Error('the runner pool is closed')
        let runner = blank.shift()
        while (runner !== undefined && !runner.isAlive()) runner = blank.shift()
        try {
          const taken = runner ?? startTracked()
          refillSoon()
          await taken.ready
          return taken
        } catch (error) {
          failure = error
        }
      }
      throw new Error(`no runner could be started: ${messageOf(failure)}`, { cause: failure })
    },
    async close() {
      closed = true
      for (const timer of [retry, soon]) if (timer !== null) clearTimeout(timer)
      blank.length = 0
      await Promise.all([...living].map((runner) => runner.end('Hepar is closing')))
    },
  }
}
