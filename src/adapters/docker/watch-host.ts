import { setTimeout as pause } from 'node:timers/promises'
import type Docker from 'dockerode'
import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'
import { createChangeQueue } from './change-queue.ts'
import { followContainerEvents } from './container-events.ts'
import { type ContainerSample, readSample } from './container-sample.ts'

export interface WatchTiming {
  /** How often everything is listed anew, whatever the events said. */
  readonly relistEveryMs: number
  /** How often a silent engine is asked whether it lives, and how long it may take to answer anything. */
  readonly pingEveryMs: number
  readonly answerWithinMs: number
  /** Changes are gathered this long, so that a burst of events costs one request. */
  readonly gatherMs: number
  /** After a change everything is listed again this much later, and then ever less often. */
  readonly recheckMs: number
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
}

// The engine tells of a container's end before its list does, by as long as the clearing up takes.
const calming = 5

type Samples = ReadonlyMap<string, ContainerSample>

export interface HostWatch {
  /** Containers by full id, or `null` while the engine does not answer. */
  containers(): Samples | null
  close(): Promise<void>
}

/** Follows one engine until closed, connecting anew when it ends or hangs. Never throws. */
export function watchHost(host: string, connect: () => Docker, log: Log, timing: WatchTiming): HostWatch {
  const closing = new AbortController()
  let containers: Samples | null = null
  let failures = 0

  const publish = (next: Samples) => {
    if (containers === null) log.info({ host, containers: next.size }, 'docker engine answers')
    containers = next
    failures = 0
  }
  const run = async () => {
    while (!closing.signal.aborted) {
      const reason = await watchOnce(connect, publish, timing, closing.signal).catch(messageOf)
      containers = null
      if (closing.signal.aborted) return
      if (failures === 0) log.warn({ host, reason }, 'docker engine does not answer')
      const waitMs = Math.min(timing.backoffMaxMs, timing.backoffMinMs * 2 ** failures)
      failures += 1
      await pause(waitMs, null, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const ended = run()
  return {
    containers: () => containers,
    async close() {
      closing.abort()
      await ended
    },
  }
}

/** Watches until the engine ends or does not answer in time; resolves or rejects with the reason. */
async function watchOnce(
  connect: () => Docker,
  publish: (containers: Samples) => void,
  timing: WatchTiming,
  closing: AbortSignal,
): Promise<string> {
  const client = connect()
  const session = new AbortController()
  const stop = AbortSignal.any([closing, session.signal])
  const changes = createChangeQueue()
  const ask = <T>(question: (signal: AbortSignal) => Promise<T>) => answered(question, timing.answerWithinMs, stop)
  try {
    // Followed before the first list, so that no change falls between the two.
    await ask(() => followContainerEvents(client, changes, stop))
    let containers: Samples = await ask((signal) => list(client, signal))
    let restMs = timing.relistEveryMs
    let relistAt = performance.now() + restMs
    publish(containers)
    for (;;) {
      await changes.wait(Math.max(0, Math.min(timing.pingEveryMs, relistAt - performance.now())), stop)
      if (stop.aborted) return 'closed'
      const end = changes.ended()
      if (end !== null) return end
      if (performance.now() >= relistAt) {
        containers = await ask((signal) => list(client, signal))
        restMs = Math.min(timing.relistEveryMs, restMs * calming)
        relistAt = performance.now() + restMs
      } else if (changes.any()) {
        await pause(timing.gatherMs)
        const ids = changes.take()
        containers = replaced(containers, ids, await ask((signal) => list(client, signal, ids)))
        restMs = Math.min(timing.relistEveryMs, timing.recheckMs)
        relistAt = Math.min(relistAt, performance.now() + restMs)
      } else {
        await ask((signal) => ping(client, signal))
      }
      publish(containers)
    }
  } finally {
    session.abort()
  }
}

async function answered<T>(question: (signal: AbortSignal) => Promise<T>, withinMs: number, stop: AbortSignal) {
  const patience = AbortSignal.any([stop, AbortSignal.timeout(withinMs)])
  const silence = new Promise<never>((_, reject) => {
    patience.addEventListener('abort', () => reject(new Error(`it gave no answer within ${withinMs} ms`)), {
      once: true,
    })
  })
  return Promise.race([question(patience), silence])
}

async function list(client: Docker, abortSignal: AbortSignal, ids?: readonly string[]): Promise<Samples> {
  const filters = ids === undefined ? {} : { id: [...ids] }
  const samples = new Map<string, ContainerSample>()
  for (const row of await client.listContainers({ all: true, filters, abortSignal })) {
    const sample = readSample(row)
    if (sample !== null) samples.set(row.Id, sample)
  }
  return samples
}

async function ping(client: Docker, abortSignal: AbortSignal): Promise<void> {
  // dockerode takes the signal; its type declarations do not say so.
  await (client as unknown as { ping(options: { abortSignal: AbortSignal }): Promise<unknown> }).ping({ abortSignal })
}

function replaced(containers: Samples, ids: readonly string[], fresh: Samples): Samples {
  const next = new Map(containers)
  for (const id of ids) next.delete(id)
  for (const [id, sample] of fresh) next.set(id, sample)
  return next
}
