import { expect, onTestFinished, test, vi } from 'vitest'
import { createMemoryQueue } from '../../../src/adapters/queue/memory.ts'
import { silentLog } from '../../http/fake-parts.ts'

interface Options {
  readonly concurrencyMax?: number
  readonly pollMs?: number
  readonly backoffMaxMs?: number
  /** How long a look at the lanes keeps the process. */
  readonly lookMs?: number
  /** Of playbooks; others have priority 0. */
  readonly ranks?: Readonly<Record<string, { readonly priority: number; readonly highest: boolean }>>
}

/** An incident of a playbook is called `<playbook>/<number>`, one that is tended `/<number>`. */
const playbookOf = (id: string) => (id.startsWith('/') ? null : (id.split('/')[0] as string))

/** A table of due times in memory, the only thing the queue reads. */
function table({ ranks = {}, lookMs = 0, ...options }: Options = {}) {
  const due = new Map<string, number>()
  const state = { broken: false, reads: 0 }
  const sorted = () => [...due].sort(([, a], [, b]) => a - b)
  const queue = createMemoryQueue({
    ...options,
    rankOf: (playbook) => ranks[playbook] ?? { priority: 0, highest: Object.keys(ranks).length === 0 },
    clock: { now: () => Date.now() },
    log: silentLog,
    read: {
      lanes: async (now, limit) => {
        state.reads += 1
        for (const until = performance.now() + lookMs; performance.now() < until; );
        if (state.broken) throw new Error('store is away')
        const lanes = Map.groupBy(
          sorted().filter(([, at]) => at <= now),
          ([id]) => playbookOf(id),
        )
        return [...lanes].map(([playbook, rows]) => ({
          playbook,
          due: rows.slice(0, limit).map(([id, dueAt]) => ({ id, dueAt })),
        }))
      },
      due: async (now, limit) =>
        sorted()
          .filter(([, at]) => at <= now)
          .slice(0, limit)
          .map(([id]) => id),
      nextDueAt: async () => sorted()[0]?.[1] ?? null,
    },
  })
  onTestFinished(() => queue.close())
  return { queue, due, state }
}

const soon = { timeout: 10_000, interval: 5 }

test('what is due is advanced, and what comes due later is advanced then', async () => {
  const { queue, due } = table({ pollMs: 60_000 })
  const late = Date.now() + 200
  due.set('now', Date.now() - 1)
  due.set('late', late)
  const seen: [string, number][] = []
  queue.start(async (incident) => {
    seen.push([incident, Date.now()])
    due.delete(incident)
  })
  await vi.waitFor(() => expect(seen.map(([id]) => id)).toEqual(['now', 'late']), soon)
  expect(seen[1]![1]).toBeGreaterThanOrEqual(late)
})

test('a wake-up brings in what was added, and polling finds it even without one', async () => {
  const { queue, due } = table({ pollMs: 50 })
  const seen: string[] = []
  queue.start(async (incident) => {
    seen.push(incident)
    due.delete(incident)
  })
  due.set('a', Date.now())
  queue.wake()
  await vi.waitFor(() => expect(seen).toEqual(['a']), soon)
  due.set('b', Date.now())
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), soon)
})

test('one incident is never advanced twice at once, and is advanced again when it came due meanwhile', async () => {
  const { queue, due, state } = table()
  let running = 0
  let most = 0
  let times = 0
  const gate = Promise.withResolvers<void>()
  due.set('a', 0)
  queue.start(async () => {
    times += 1
    running += 1
    most = Math.max(most, running)
    if (times === 1) await gate.promise
    if (times === 2) due.delete('a')
    running -= 1
  })
  await vi.waitFor(() => {
    queue.wake()
    expect(state.reads).toBeGreaterThanOrEqual(5)
  }, soon)
  expect(times).toBe(1)
  gate.resolve()
  await vi.waitFor(() => expect(times).toBe(2), soon)
  expect(most).toBe(1)
})

test('no more run at once than allowed, and all have their turn', async () => {
  const { queue, due } = table({ concurrencyMax: 4 })
  for (let index = 0; index < 100; index += 1) due.set(`i${index}`, index)
  let running = 0
  let most = 0
  queue.start(async (incident) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    due.delete(incident)
    running -= 1
  })
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
  expect(most).toBe(4)
})

test('one that throws is tried again later and holds nobody up', async () => {
  const { queue, due } = table({ concurrencyMax: 1, backoffMaxMs: 300 })
  due.set('bad', 0)
  due.set('good', 1)
  const tries: number[] = []
  let healthy = false
  queue.start(async (incident) => {
    if (incident === 'bad') {
      tries.push(Date.now())
      if (!healthy) throw new Error('cannot')
    }
    due.delete(incident)
  })
  await vi.waitFor(() => expect(due.has('good')).toBe(false), soon)
  await vi.waitFor(() => expect(tries.length).toBeGreaterThanOrEqual(3), soon)
  expect(tries[2]! - tries[1]!).toBeGreaterThanOrEqual(250)
  healthy = true
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
})

test('a store that is away is asked again with growing pauses, and work goes on when it is back', async () => {
  const { queue, due, state } = table({ backoffMaxMs: 200 })
  state.broken = true
  due.set('a', 0)
  queue.start(async (incident) => {
    due.delete(incident)
  })
  await vi.waitFor(() => expect(state.reads).toBeGreaterThanOrEqual(3), soon)
  state.broken = false
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
})

test('an incident that stays due without end does not take the process with it', async () => {
  const { queue, due } = table()
  due.set('stuck', 0)
  let times = 0
  queue.start(async () => {
    times += 1
  })
  await vi.waitFor(() => expect(times).toBeGreaterThan(100), soon)
  const before = times
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(times - before).toBeLessThan(20)
})

test('depth counts what is due and how long the oldest has been', async () => {
  const { queue, due } = table()
  due.set('a', Date.now() - 2_000)
  due.set('b', Date.now() - 1_000)
  due.set('c', Date.now() + 60_000)
  const { count, oldestSeconds } = await queue.depth()
  expect(count).toBe(2)
  expect(oldestSeconds).toBeGreaterThanOrEqual(2)
  expect(oldestSeconds).toBeLessThan(10)
})

test('closing waits for what runs and starts nothing more', async () => {
  const { queue, due } = table()
  due.set('a', 0)
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let ended = 0
  queue.start(async () => {
    begun.resolve()
    await gate.promise
    ended += 1
  })
  await begun.promise
  const closing = queue.close()
  due.set('b', 0)
  queue.wake()
  gate.resolve()
  await closing
  expect(ended).toBe(1)
})

test('looks that take long leave the process to others, and who follows does not wait for them', async () => {
  const { queue, due, state } = table({ concurrencyMax: 1, lookMs: 20 })
  for (let index = 0; index < 30; index += 1) due.set(`crowd-${index}/1`, index)
  queue.start(async (incident) => {
    due.delete(incident)
  })
  const begunAt = performance.now()
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
  expect(state.reads).toBeLessThan(10)
  await vi.waitFor(
    () => {
      queue.wake()
      expect(state.reads).toBeGreaterThanOrEqual(6)
    },
    { timeout: 30_000, interval: 1 },
  )
  // The last of them has not rested yet.
  expect(((state.reads - 1) * 20) / (performance.now() - begunAt)).toBeLessThan(0.12)
  due.set('late/1', 0)
  queue.wake()
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
})

const ranks = { critical: { priority: 9, highest: true }, crowd: { priority: 0, highest: false } }

test('what is under way comes first, then the higher priority, then playbook by playbook', async () => {
  const { queue, due } = table({ concurrencyMax: 1, ranks: { ...ranks, crew: { priority: 0, highest: false } } })
  for (const id of ['crowd/1', 'crowd/2', 'crew/1', 'critical/1', '/1']) due.set(id, due.size)
  const seen: string[] = []
  queue.start(async (incident) => {
    seen.push(incident)
    due.delete(incident)
  })
  await vi.waitFor(() => expect(due.size).toBe(0), soon)
  expect(seen).toEqual(['/1', 'critical/1', 'crowd/1', 'crew/1', 'crowd/2'])
})

test('a crowd that hangs leaves seats for the important and for what is under way', async () => {
  const { queue, due } = table({ concurrencyMax: 8, ranks })
  for (let index = 0; index < 100; index += 1) due.set(`crowd/${index}`, index)
  const over = Promise.withResolvers<void>()
  onTestFinished(() => over.resolve())
  const begun: string[] = []
  queue.start(async (incident) => {
    begun.push(incident)
    if (incident.startsWith('crowd')) await over.promise
    due.delete(incident)
  })
  await vi.waitFor(() => expect(begun).toHaveLength(5), soon)
  due.set('critical/1', 1_000)
  due.set('/1', 1_000)
  queue.wake()
  await vi.waitFor(() => expect(begun).toHaveLength(7), soon)
  expect(begun.slice(5)).toEqual(['/1', 'critical/1'])
  over.resolve()
})

test('one that is hurried is looked at although it is not due, and not twice at once', async () => {
  const { queue, due } = table()
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  queue.start(async (incident) => {
    seen.push(incident)
    await gate.promise
    due.delete(incident)
  })
  expect([queue.hurry('a'), queue.hurry('a')]).toEqual([true, true])
  await vi.waitFor(() => expect(seen).toEqual(['a']), soon)
  gate.resolve()
})

test('an advance that failed is not left alone for the hours by which the clock is then set back', async () => {
  const { queue, due } = table({ pollMs: 20, backoffMaxMs: 60_000 })
  due.set('a/1', Date.now() - 86_400_000)
  let calls = 0
  queue.start(async () => {
    calls += 1
    if (calls > 1) due.clear()
    else throw new Error('not now')
  })
  await vi.waitFor(() => expect(calls).toBe(1), soon)
  const real = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => real() - 7_200_000)
  onTestFinished(() => void vi.restoreAllMocks())
  await vi.waitFor(() => expect(calls).toBe(2), soon)
})
