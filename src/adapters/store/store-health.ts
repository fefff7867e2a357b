import type { HeparError } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'

const retryMs = 1_000

export interface StoreHealth {
  succeeded(): void
  failed(error: HeparError): void
  current(): { readonly ok: boolean; readonly reason: string | null }
  close(): void
}

/** Remembers whether the last write succeeded; after a failure tries `probe` until one does, also when nobody writes. */
export function createStoreHealth({ log, probe }: { log: Log; probe: () => Promise<unknown> }): StoreHealth {
  let reason: string | null = null
  let timer: NodeJS.Timeout | undefined
  return {
    succeeded() {
      if (reason === null) return
      reason = null
      log.info({}, 'store is writable again')
    },
    failed(error) {
      if (reason === null) log.error({ reason: error.message }, 'store cannot be written')
      reason = error.message
      // Its own failure comes back through `failed` and starts the next round; those of others do not put it off.
      timer ??= setTimeout(() => {
        timer = undefined
        void probe().catch(() => {})
      }, retryMs).unref()
    },
    current: () => ({ ok: reason === null, reason }),
    close: () => clearTimeout(timer),
  }
}
