import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRandom } from '../crash/schedule.ts'
import { intentsWhileStopped, intentsWithoutSource } from '../soak/evidence.ts'
import type { Life, Measure } from '../soak/gauge.ts'
import { judgeLife } from '../soak/judge.ts'
import { hours, soak } from '../soak/run.ts'
import { drawSoak } from '../soak/schedule.ts'
import { shortfalls } from '../soak/verdict.ts'

const request = { seed: randomInt(1_000_000), minutes: 0.2, load: 0.2 }

test('a few minutes of a day in which everything fails break no promise', async () => {
  console.log(`replay with: npm run soak -- --seed ${request.seed} --minutes ${request.minutes}`)
  const report = await soak(request)
  console.log(JSON.stringify({ ...report.figures, ...report.faults }))
  expect({ seed: request.seed, broken: [...report.broken, ...shortfalls(report, request)] }).toEqual({
    seed: request.seed,
    broken: [],
  })
}, 600_000)

test('a seed replays its schedule; nobody is killed in the life that is measured, and in the end nothing goes wrong', () => {
  const totalMs = 1_800_000
  expect(drawSoak(7, totalMs)).toEqual(drawSoak(7, totalMs))
  expect(drawSoak(8, totalMs)).not.toEqual(drawSoak(7, totalMs))
  const { process, world, quietFromMs, calmFromMs } = drawSoak(7, totalMs)
  const kills = process.filter(({ kind }) => kind === 'kill').map(({ atMs }) => atMs)
  expect(kills.length).toBeGreaterThan(10)
  expect(Math.max(...kills)).toBeLessThan(quietFromMs)
  expect(calmFromMs - quietFromMs).toBeGreaterThan(totalMs / 3)
  expect(Math.max(...[...process, ...world].map(({ atMs }) => atMs))).toBeLessThan(calmFromMs)
})

const minutes = 15
const level = { memory: 120e6, store: 30e6, files: 60, threads: 12, processes: 4 }

/** A life of a quarter of an hour that goes up and down by a few percent, and grows by so much an hour of the day. */
function livedWith(growth: Partial<Record<Measure, number>>, lastedMs = minutes * 60_000): Pick<Life, 'samples'> {
  const random = createRandom(5)
  const samples = Object.entries(level).map(([measure, mean]) => {
    const series = Array.from({ length: Math.round(lastedMs / 1_000) }, (_, second) => {
      const hour = second / 75
      // Memory rises and is collected again; the rest scatters.
      const swing = measure === 'memory' ? ((second % 40) / 40) * 0.06 : random() * 0.04
      return { atMs: second * 1_000, value: mean * (1 + swing + (growth[measure as Measure] ?? 0) * hour) }
    })
    return [measure, series] as const
  })
  return { samples: Object.fromEntries(samples) as Life['samples'] }
}

const verdicts = (life: Pick<Life, 'samples'>) =>
  Object.fromEntries(judgeLife(life, 1_800_000 / hours).map(({ measure, verdict }) => [measure, verdict]))
const good = { memory: 'level', store: 'level', files: 'level', threads: 'level', processes: 'level' }

test('what only goes up and down is level, and each leak is found', () => {
  expect(verdicts(livedWith({}))).toEqual(good)
  expect(verdicts(livedWith({ memory: 0.02 }))).toEqual({ ...good, memory: 'grows' })
  expect(verdicts(livedWith({ store: 0.02 }))).toEqual({ ...good, store: 'grows' })
  expect(verdicts(livedWith({ files: 0.02 }))).toEqual({ ...good, files: 'grows' })
  expect(verdicts(livedWith({ threads: 0.05 }))).toEqual({ ...good, threads: 'grows' })
  expect(verdicts(livedWith({ processes: 0.2 }))).toEqual({ ...good, processes: 'grows' })
})

test('a leak, a life too short to tell and a run in which nothing happens do not pass', () => {
  const judged = (life: Pick<Life, 'samples'>) => judgeLife(life, 1_800_000 / hours)
  const long = { seed: 1, minutes: 30, load: 0.2 }
  const nothing = { figures: {}, faults: {}, judgements: judged(livedWith({ memory: 0.02 })) }
  expect(shortfalls(nothing, long).join('\n')).toMatch(/memory grows: between 1\.\d+ % and 1\.\d+ %/)
  expect(shortfalls(nothing, long)).toHaveLength(8)
  const short = { figures: {}, faults: {}, judgements: judged(livedWith({}, 120_000)) }
  expect(shortfalls(short, long)).toContain('the quiet life was too short')
})

test('an effect that begins while it must not is seen', () => {
  const event = (seq: number, type: string, at: number, body = {}) => ({
    ...{ seq, type, at, actor: 'engine', playbook: 'Ill', target: 'service/p0', incident: 'i', attempt: 'a', body },
  })
  const taken = event(3, 'attempt.intended', 30_000, { reverts: 'b' })
  const stopped = [event(1, 'pause.set', 10_000), event(2, 'attempt.intended', 20_000), taken]
  expect(intentsWhileStopped(stopped)).toHaveLength(1)
  expect(intentsWhileStopped([event(1, 'pause.set', 1), event(2, 'pause.cleared', 2), ...stopped.slice(1)])).toEqual([])
  expect(intentsWithoutSource(stopped, [{ from: 1_000, to: 40_000 }])).toHaveLength(1)
  expect(intentsWithoutSource(stopped, [{ from: 18_000, to: 40_000 }])).toEqual([])
})
