import { messageOf } from '../../engine/errors.ts'
import type { Clock, Log, Queue, Reads } from '../../engine/ports.ts'

interface QueueOptions {
  readonly read: Pick<Reads, 'due' | 'nextDueAt'>
  readonly clock: Clock
  readonly log: Log
  /** Incidents advanced at the same time. */
  readonly concurrencyMax?: number
  /** The store is looked at least this often, so that a lost wake-up costs seconds and not the incident. */
  readonly pollMs?: number
  readonly backoffMaxMs?: number
}

/** Advances of one incident in a row that need no pause; more than that looks like a loop. */
const burstMax = 100
const depthMax = 10_000

/** An in-process queue over the due times in the store. It holds nothing that a restart would lose. */
export function createMemoryQueue(options: QueueOptions): Queue {
  const { read, clock, log, concurrencyMax = 32, pollMs = 2_000, backoffMaxMs = 30_000 } = options
  const running = new Map<string, Promise<void>>()
  const resting = createResting(backoffMaxMs)
  let advance: ((incident: string) => Promise<void>) | null = null
  let closed = false
  let looking: Promise<void> | null = null
  let lookAgain = false
  let timer: NodeJS.Timeout | undefined
  let storeFailures = 0

  function wake(): void {
    if (closed || advance === null) return
    if (looking !== null) {
      lookAgain = true
      return
    }
    looking = look().finally(() => {
      looking = null
      if (!lookAgain) return
      lookAgain = false
      wake()
    })
  }

  async function look(): Promise<void> {
    clearTimeout(timer)
    let waitMs = pollMs
    try {
      const now = clock.now()
      const known = running.size + resting.size(now)
      const due = await read.due(now, known + concurrencyMax)
      for (const incident of due) {
        if (closed || running.size >= concurrencyMax) break
        if (!running.has(incident) && !resting.has(incident, now)) begin(incident)
      }
      waitMs = Math.min(pollMs, resting.nextMs(now), untilNext(await read.nextDueAt(), clock.now()))
      storeFailures = 0
    } catch (error) {
      waitMs = Math.min(backoffMaxMs, 100 * 2 ** storeFailures)
      storeFailures = Math.min(storeFailures + 1, 20)
      log.warn({ error: messageOf(error), retryMs: waitMs }, 'cannot read due incidents')
    }
    if (!closed) timer = setTimeout(wake, waitMs)
  }

  function begin(incident: string): void {
    // Leaving the current turn first keeps a throw inside the promise.
    const work = Promise.resolve(incident)
      .then((id) => advance?.(id))
      .then(() => resting.succeeded(incident, clock.now()))
      .catch((error: unknown) => {
        const retryMs = resting.failed(incident, clock.now())
        log.error({ incident, error: messageOf(error), retryMs }, 'cannot advance incident')
      })
      .finally(() => {
        running.delete(incident)
        wake()
      })
    running.set(incident, work)
  }

  return {
    wake,
    start: (work) => {
      advance = work
      wake()
    },
    depth: async () => {
      const now = clock.now()
      const [due, next] = await Promise.all([read.due(now, depthMax), read.nextDueAt()])
      return { count: due.length, oldestSeconds: next === null ? 0 : Math.max(0, now - next) / 1_000 }
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      await looking
      await Promise.all(running.values())
      clearTimeout(timer)
    },
  }
}

// What is overdue is running, resting or waiting for a free place; each of these ends with a wake-up of its own.
function untilNext(dueAt: number | null, now: number): number {
  return dueAt === null || dueAt <= now ? Number.POSITIVE_INFINITY : dueAt - now
}

/** Incidents that are left alone for a while: those whose advance failed, and those that stay due without end. */
function createResting(backoffMaxMs: number) {
  const rests = new Map<string, { failures: number; burst: number; burstSince: number; until: number }>()
  const of = (incident: string, now: number) =>
    rests.get(incident) ?? { failures: 0, burst: 0, burstSince: now, until: 0 }
  return {
    has: (incident: string, now: number) => (rests.get(incident)?.until ?? 0) > now,
    size: (now: number) => [...rests.values()].filter(({ until }) => until > now).length,
    nextMs: (now: number) => {
      const waits = [...rests.values()].map(({ until }) => until - now).filter((wait) => wait > 0)
      return Math.min(Number.POSITIVE_INFINITY, ...waits)
    },
    failed: (incident: string, now: number): number => {
      const rest = of(incident, now)
      const waitMs = Math.min(backoffMaxMs, 200 * 2 ** rest.failures)
      rests.set(incident, { ...rest, failures: Math.min(rest.failures + 1, 20), until: now + waitMs })
      return waitMs
    },
    succeeded: (incident: string, now: number): void => {
      const rest = of(incident, now)
      const isBurst = now - rest.burstSince < 1_000
      const burst = isBurst ? rest.burst + 1 : 1
      const until = burst > burstMax ? now + 250 : 0
      rests.set(incident, { failures: 0, burst, burstSince: isBurst ? rest.burstSince : now, until })
      if (rests.size > depthMax) forgetOld(rests, now)
    },
  }
}

function forgetOld(rests: Map<string, { burstSince: number; until: number }>, now: number): void {
  for (const [incident, { burstSince, until }] of rests) {
    if (until <= now && now - burstSince > 1_000) rests.delete(incident)
  }
}
