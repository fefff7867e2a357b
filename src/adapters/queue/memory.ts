import { messageOf } from '../../engine/errors.ts'
import type { Clock, Log, Queue, Reads } from '../../engine/ports.ts'
import type { Lane } from '../../engine/turns/due.ts'
import { createTurns } from '../../engine/turns/turns.ts'

interface QueueOptions {
  readonly read: Pick<Reads, 'lanes' | 'due' | 'nextDueAt'>
  /** The priority of a playbook, and whether none is higher. */
  readonly rankOf: (playbook: string) => { readonly priority: number; readonly highest: boolean }
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
const burstRestMs = 250
const depthMax = 10_000

type Advance = (incident: string) => Promise<void>

/** Shares of the seats that all lanes with lesser and with the highest priority may have together. */
const lesserShare = 5 / 8
const highestShare = 7 / 8

interface Line {
  readonly lane: string
  readonly priority: number
  readonly seats: number
  readonly waiting: Iterator<Lane['due'][number], undefined>
  head: Lane['due'][number] | undefined
}

/** An in-process queue over the due times in the store. It holds nothing that a restart would lose. */
export function createMemoryQueue(options: QueueOptions): Queue {
  const { read, rankOf, clock, log, concurrencyMax = 32, pollMs = 2_000, backoffMaxMs = 30_000 } = options
  const resting = createResting(backoffMaxMs)
  const turns = createTurns()
  const looking = createLooking(look, { log, backoffMaxMs })
  const running = createRunning({ resting, clock, log, onEnd: looking.wake })
  let advance: Advance | null = null
  let closed = false

  /** Begins what is due and has a place; gives the time until the next look. */
  async function look(): Promise<number> {
    const now = clock.now()
    if (advance === null) return pollMs
    const lanes = await read.lanes(now, running.size() + resting.size(now) + concurrencyMax)
    const lines = lanes.map(({ playbook, due }) => ({
      ...standingOf(playbook),
      waiting: due.filter(({ id }) => !running.has(id) && !resting.has(id, now)).values(),
    }))
    begin(lines.map((line) => ({ ...line, head: line.waiting.next().value })))
    return Math.min(pollMs, resting.nextMs(now), untilNext(await read.nextDueAt(), clock.now()))
  }

  /** What is under way goes before everything; what waits to act has fewer seats, the lesser the fewer. */
  function standingOf(playbook: string | null) {
    if (playbook === null) return { lane: '', priority: Number.POSITIVE_INFINITY, seats: concurrencyMax }
    const { priority, highest } = rankOf(playbook)
    return { lane: playbook, priority, seats: Math.ceil(concurrencyMax * (highest ? highestShare : lesserShare)) }
  }

  function begin(lines: Line[]): void {
    while (!closed && advance !== null) {
      const seated = lines.flatMap(({ head, seats, ...line }) =>
        head === undefined || running.size() >= seats ? [] : [{ ...line, id: head.id, since: head.dueAt }],
      )
      const next = turns.next(seated)
      if (next === null) return
      running.begin(next.id, advance)
      const line = lines.find(({ lane }) => lane === next.lane)
      if (line) line.head = line.waiting.next().value
    }
  }

  return {
    wake: looking.wake,
    hurry(incident) {
      if (running.has(incident)) return true
      if (closed || advance === null || resting.has(incident, clock.now())) return false
      running.begin(incident, advance)
      return true
    },
    start: (work) => {
      advance = work
      looking.wake()
    },
    depth: async () => {
      const now = clock.now()
      const [due, next] = await Promise.all([read.due(now, depthMax), read.nextDueAt()])
      return { count: due.length, oldestSeconds: next === null ? 0 : Math.max(0, now - next) / 1_000 }
    },
    close: async () => {
      closed = true
      await looking.close()
      await running.settle()
    },
  }
}

/** Looks now or later, never twice at once; a wake during a look is one more look. */
function createLooking(look: () => Promise<number>, { log, backoffMaxMs }: { log: Log; backoffMaxMs: number }) {
  let current: Promise<void> | null = null
  let again = false
  let closed = false
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  async function lookOnce(): Promise<void> {
    clearTimeout(timer)
    let waitMs: number
    try {
      waitMs = await look()
      failures = 0
    } catch (error) {
      waitMs = Math.min(backoffMaxMs, 100 * 2 ** failures)
      failures = Math.min(failures + 1, 20)
      log.warn({ error: messageOf(error), retryMs: waitMs }, 'cannot read due incidents')
    }
    if (!closed) timer = setTimeout(wake, waitMs)
  }

  function wake(): void {
    again = current !== null
    if (closed || current !== null) return
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

interface RunningParts {
  readonly resting: ReturnType<typeof createResting>
  readonly clock: Clock
  readonly log: Log
  readonly onEnd: () => void
}

/** The advances under way: one for each incident at most. */
function createRunning({ resting, clock, log, onEnd }: RunningParts) {
  const running = new Map<string, Promise<void>>()
  return {
    size: () => running.size,
    has: (incident: string) => running.has(incident),
    begin: (incident: string, advance: Advance) => {
      // Leaving the current turn first keeps a throw inside the promise.
      const work = Promise.resolve(incident)
        .then(advance)
        .then(() => resting.succeeded(incident, clock.now()))
        .catch((error: unknown) => {
          const retryMs = resting.failed(incident, clock.now())
          log.error({ incident, error: messageOf(error), retryMs }, 'cannot advance incident')
        })
        .finally(() => {
          running.delete(incident)
          onEnd()
        })
      running.set(incident, work)
    },
    settle: () => Promise.all(running.values()),
  }
}

// What is overdue is running, resting or waiting for a free place; each of these ends with a wake-up of its own.
function untilNext(dueAt: number | null, now: number): number {
  return dueAt === null || dueAt <= now ? Number.POSITIVE_INFINITY : dueAt - now
}

/** Incidents that are left alone for a while: those whose advance failed, and those that stay due without end. */
function createResting(backoffMaxMs: number) {
  const rests = new Map<string, { failures: number; burst: number; burstSince: number; until: number }>()
  // An end further ahead than any rest lasts is one from before the clock was set back.
  const isAhead = (until: number, now: number) => until > now && until - now <= Math.max(backoffMaxMs, burstRestMs)
  const of = (incident: string, now: number) =>
    rests.get(incident) ?? { failures: 0, burst: 0, burstSince: now, until: 0 }
  return {
    has: (incident: string, now: number) => isAhead(rests.get(incident)?.until ?? 0, now),
    size: (now: number) => [...rests.values()].filter(({ until }) => isAhead(until, now)).length,
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
      const until = burst > burstMax ? now + burstRestMs : 0
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
