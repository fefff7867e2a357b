import type { Log } from '../engine/ports.ts'

/**
 * What ends the process unforeseen goes through the log, which leaves secrets out; Node itself would print the error with
 * everything that hangs on it. Nothing goes on after it: what was under way is recovered by the next start.
 */
export function listenForCrash(log: Log): Disposable {
  const crash = (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined }
    log.error({ error: message, stack }, 'an unexpected error ends the process')
    process.exit(1)
  }
  process.on('uncaughtException', crash)
  return { [Symbol.dispose]: () => void process.off('uncaughtException', crash) }
}
