import type { Clock, Log, Queue, Reads } from '../../engine/ports.ts'
import type { Lane } from '../../engine/turns/due.ts'
import { createTurns } from '../../engine/turns/turns.ts'
import { createLooking } from './looking.ts'
import { createResting } from './resting.ts'
import { type Advance, createRunning } from './running.ts'

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

const depthMax = 10_000

/** Shares of the seats that all lanes with lesser and with the highest priority may have together. */
const lesserShare = 5 / 8
const highestShare = 7 / 8

/** A lane as the last look found it. */
interface Line {
  readonly lane: string
  readonly priority: number
  readonly seats: number
  readonly due: Lane['due']
  /** How many of them have had their turn, or need none. */
  passed: number
}

/** An in-process queue over the due times in the store. It holds nothing that a restart would lose. */
export function createMemoryQueue(options: QueueOptions): Queue {
  const { read, rankOf, clock, log, concurrencyMax = 32, pollMs = 2_000, backoffMaxMs = 30_000 } = options
  const resting = createResting(backoffMaxMs)
  const turns = createTurns()
  const looking = createLooking(look, { log, backoffMaxMs })
  const running = createRunning({ resting, clock, log, onEnd: takeTurns })
  let lines: readonly Line[] = []
  let advance: Advance | null = null
  let closed = false

  /** Begins what is due and has a place; gives the time until the next look. */
  async function look(): Promise<number> {
    const now = clock.now()
    if (advance === null) return pollMs
    const lanes = await read.lanes(now, running.size() + resting.size(now) + concurrencyMax)
    lines = lanes.map(({ playbook, due }) => ({ ...standingOf(playbook), due, passed: 0 }))
    begin(advance)
    // Whatever is due now is running, resting or waiting for a free place; each of these ends with a wake-up of its own.
    const nextAt = lanes.length > 0 ? null : await read.nextDueAt()
    const nextMs = nextAt === null ? pollMs : Math.max(0, nextAt - clock.now())
    return Math.min(pollMs, resting.nextMs(now), nextMs)
  }

  /** What is under way goes before everything; what waits to act has fewer seats, the lesser the fewer. */
  function standingOf(playbook: string | null) {
    if (playbook === null) return { lane: '', priority: Number.POSITIVE_INFINITY, seats: concurrencyMax }
    const { priority, highest } = rankOf(playbook)
    return { lane: playbook, priority, seats: Math.ceil(concurrencyMax * (highest ? highestShare : lesserShare)) }
  }

  /** Until the next look the last one says who follows; to advance what is no longer due does no harm. */
  function takeTurns(): void {
    if (advance !== null) begin(advance)
    looking.wake()
  }

  function begin(work: Advance): void {
    while (!closed && running.size() < concurrencyMax) {
      const next = turns.next(lines.flatMap(headOf))
      if (next === null) return
      next.line.passed += 1
      running.begin(next.id, work)
    }
  }

  function headOf(line: Line) {
    if (running.size() >= line.seats) return []
    const now = clock.now()
    for (; line.passed < line.due.length; line.passed += 1) {
      const { id, dueAt } = line.due[line.passed] as Lane['due'][number]
      const isFree = !running.has(id) && !resting.has(id, now)
      if (isFree) return [{ id, since: dueAt, lane: line.lane, priority: line.priority, line }]
    }
    return []
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
