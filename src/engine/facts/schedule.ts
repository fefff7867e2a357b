import { Cron } from 'croner'
import type { Schedule } from '../../domain/schedule.ts'

/** Epoch milliseconds; `until` is when nothing of the schedule is in force any more. */
export interface Stretch {
  readonly since: number
  readonly until: number
}

/** Stretches that follow one another without a gap and are told as one; what follows is seen when that one ends. */
const joinedMax = 100

interface Known {
  readonly cron: Cron
  /** For which moments the last answer holds. */
  from: number
  to: number
  answer: Stretch | null
}

// A cron expression costs a fifth of a millisecond to ask, and a thousand incidents may wait for one window.
const known = new WeakMap<Schedule, Known>()

/** The stretch that is in force at `now`, those that overlap or touch joined into one; `null` between two. */
export function stretchAt(schedule: Schedule, now: number): Stretch | null {
  const memory = memoryOf(schedule)
  if (now >= memory.from && now < memory.to) return memory.answer
  const { cron } = memory
  const { durationMs } = schedule
  const since = after(cron, now - durationMs)
  const answer = since === null || since > now ? null : { since, until: endOf(cron, since, durationMs) }
  return Object.assign(memory, { answer, from: answer?.since ?? now, to: answer?.until ?? since ?? Infinity }).answer
}

/** When the next stretch begins, later than `now`; `null` when none ever does. */
export function nextStart(schedule: Schedule, now: number): number | null {
  return after(memoryOf(schedule).cron, now)
}

function memoryOf(schedule: Schedule): Known {
  let memory = known.get(schedule)
  if (memory === undefined) {
    const cron = new Cron(schedule.cron, { timezone: schedule.timeZone, mode: '5-part' })
    memory = { cron, from: 0, to: 0, answer: null }
    known.set(schedule, memory)
  }
  return memory
}

function endOf(cron: Cron, since: number, durationMs: number): number {
  let last = since
  for (let joined = 1; joined < joinedMax; joined += 1) {
    const start = after(cron, last)
    if (start === null || start > last + durationMs) break
    last = start
  }
  return last + durationMs
}

function after(cron: Cron, at: number): number | null {
  return cron.nextRun(new Date(at))?.getTime() ?? null
}
