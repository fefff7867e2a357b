import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Delivery } from '../domain/alert.ts'
import type { DeliveryLimits } from '../domain/delivery.ts'
import { unpackDelivery } from './delivery-parts.ts'
import type { ReadAnswer, ReadOrder } from './delivery-worker.ts'
import { HttpError } from './errors.ts'

/** Bodies above it are read by a thread of their own: a full one would hold everybody else for a second and more. */
export const largeBodyBytes = 256 * 1024

/** The heap of that thread: many times what the largest body needs that opens no more brackets than alerts do. */
const heapMebibytesMax = 512
/** The thread is ended when no large body has come for so long; the next one starts another. */
const idleMs = 30_000

const workerFile = new URL(`./delivery-worker${extname(import.meta.url)}`, import.meta.url)

/** Reads large webhook bodies while the event loop is free for others. */
export interface LargeDeliveries {
  /** As `readDelivery`; `raw` is given away. */
  read(raw: Buffer<ArrayBuffer>, limits: DeliveryLimits): Promise<Delivery>
  /** Ends the thread; what it was reading is refused. */
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (answer: ReadAnswer) => void
  readonly reject: (error: unknown) => void
}

export function createLargeDeliveries(): LargeDeliveries {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | null = null
  let idle: NodeJS.Timeout | undefined
  let lastId = 0

  function start(): Worker {
    const made = new Worker(workerFile, { resourceLimits: { maxOldGenerationSizeMb: heapMebibytesMax } })
    made.unref()
    made.on('message', (answer: ReadAnswer) => {
      waiting.get(answer.id)?.resolve(answer)
      waiting.delete(answer.id)
      if (waiting.size === 0) idle = setTimeout(() => void end(), idleMs).unref()
    })
    made.on('error', (error) => lose(made, error))
    made.on('exit', () => lose(made, gone()))
    return made
  }

  function lose(lost: Worker, error: unknown): void {
    if (worker !== lost) return
    worker = null
    const reason = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuchMemory() : error
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
  }

  async function end(): Promise<void> {
    clearTimeout(idle)
    const ended = worker
    // From here on a new body gets a new thread.
    worker = null
    const lost = [...waiting.values()]
    waiting.clear()
    await ended?.terminate()
    for (const { reject } of lost) reject(gone())
  }

  return {
    async read(raw, limits) {
      clearTimeout(idle)
      worker ??= start()
      // A small buffer shares its memory with others, which cannot be given away.
      const own = raw.length === raw.buffer.byteLength ? raw : new Uint8Array(raw)
      const order: ReadOrder = { id: ++lastId, raw: own, limits }
      worker.postMessage(order, [own.buffer])
      const answered = Promise.withResolvers<ReadAnswer>()
      waiting.set(order.id, answered)
      const answer = await answered.promise
      if (answer.kind === 'read') return unpackDelivery(answer.delivery)
      if (answer.kind === 'failed') throw answer.error
      const { status, code, message, next } = answer.refusal
      throw new HttpError(status, code, message, next)
    },
    close: end,
  }
}

function gone(): Error {
  return new Error('the thread that reads large bodies has ended')
}

function tooMuchMemory(): HttpError {
  const message = `the body needs more than ${heapMebibytesMax} MiB to be read`
  return new HttpError(413, 'too_large', message, 'Send smaller groups (Alertmanager: max_alerts, group_by).')
}
