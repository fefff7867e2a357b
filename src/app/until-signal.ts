import { messageOf } from '../engine/errors.ts'
import type { Log } from '../engine/ports.ts'

export interface Served {
  readonly log: Log
  reload(by: string): Promise<unknown>
  close(): Promise<void>
  /** How long a close may take before the process is ended anyway. */
  readonly closeWithinMs: () => number
}

/** Serves until SIGTERM or SIGINT, then closes; SIGHUP reloads, and a second signal ends the process at once. */
export async function untilSignal({ log, reload, close, closeWithinMs }: Served): Promise<void> {
  const asked = Promise.withResolvers<NodeJS.Signals>()
  let closing = false
  const end = (signal: NodeJS.Signals) => {
    if (closing) {
      log.warn({ signal }, 'second signal, ending at once')
      process.exit(1)
    }
    closing = true
    asked.resolve(signal)
  }
  const again = () => {
    reload('signal:SIGHUP').catch((error: unknown) => log.error({ error: messageOf(error) }, 'cannot reload'))
  }
  process.on('SIGTERM', end).on('SIGINT', end).on('SIGHUP', again)
  const signal = await asked.promise
  log.info({ signal }, 'stopping')
  const overdue = setTimeout(() => {
    log.error({ waitedMs: closeWithinMs() }, 'stopping takes too long, ending at once')
    process.exit(1)
  }, closeWithinMs())
  await close()
  clearTimeout(overdue)
  process.off('SIGTERM', end).off('SIGINT', end).off('SIGHUP', again)
  log.info({}, 'stopped')
}
