import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { defaultLimits } from '../../../src/domain/config.ts'
import { isRunning, processesWith } from '../../kit/process-table.ts'
import { watchTurns } from '../../kit/watch-turns.ts'
import { type Bench, openBench, start } from './kit.ts'

const limits = { ...defaultLimits, planTimeoutMs: 3_000, runnerMemoryBytesMax: 256 * 1024 * 1024 }

let bench: Bench
beforeAll(async () => {
  bench = await openBench({ limits })
})

/** Runs one misbehaviour while another plugin works, and looks at Hepar's own process meanwhile. */
async function misbehave(run: string, timeoutMs = 20_000) {
  const planned = await bench.planned('misbehave', { run })
  const runner = await bench.actions.reserve(bench.action('misbehave'))
  const rssBefore = process.memoryUsage().rss
  const turns = watchTurns()
  const [result, meanwhile] = await Promise.all([
    start(runner, bench.action('misbehave'), planned, timeoutMs),
    bench.run('touch', { word: run }),
  ])
  const longestMs = turns.stop().at(-1)
  const grownMiB = (process.memoryUsage().rss - rssBefore) / 1024 / 1024
  expect(meanwhile.kind).toBe('done')
  expect(readFileSync(join(bench.folder, 'touched'), 'utf8')).toContain(`${run} key-1\n`)
  expect((await bench.run('touch', { word: `after ${run}` })).kind).toBe('done')
  expect(isRunning(runner.identity.pid)).toBe(false)
  expect(processesWith(runner.identity.marker)).toEqual([])
  expect(bench.children().filter(isRunning)).toEqual([])
  expect(longestMs).toBeLessThan(250)
  expect(grownMiB).toBeLessThan(150)
  return result
}

describe('an effect whose outcome nobody knows is unknown, and only its own step is hurt', () => {
  test.each([
    ['loop', /no answer within \d+ ms/, 700],
    ['ignore-abort', /no answer within \d+ ms/, 700],
    ['throw-on-abort', /no answer within \d+ ms/, 700],
    ['swallow-abort', /no answer within \d+ ms/, 700],
    ['exit-0', 'exited with code 0'],
    ['exit-1', 'exited with code 1'],
    ['abort', 'killed by SIGABRT'],
    ['segfault', 'killed by SIGSEGV'],
    ['throw-in-timer', 'exited with code 1'],
    ['throw-doubt', 'the engine did not answer'],
    ['buffers', 'bytes of memory, more than 268435456'],
    ['buffers-at-once', /memory|SIGABRT|SIGTRAP|SIGKILL|allocation failed/],
    ['buffers-in-child', 'bytes of memory, more than 268435456'],
    ['print', 'printed more than 262144 bytes'],
    ['forge', 'an answer that was not asked for'],
    ['forge-ready', 'something that is no answer'],
    ['close-channel', /killed by SIG|exited with/],
    ['kill-group', /SIGTERM|SIGKILL/],
    ['garbage', 'run returned something unusable'],
    ['bigint', 'it returned no JSON'],
    ['circular', 'it returned no JSON'],
    ['huge', 'more than 262144'],
    ['deep', 'nested more than 64 levels deep'],
  ] as const)('%s', async (way, reason, timeoutMs?: number) => {
    const result = await misbehave(way, timeoutMs)
    expect(result).toMatchObject({ kind: 'unknown', reason: expect.stringMatching(reason) })
  })
})

describe('an effect that throws has failed', () => {
  test.each([
    ['throw', 'the engine said no'],
    ['throw-strange', 'something that cannot be printed was thrown'],
  ])('%s', async (way, reason) => {
    expect(await misbehave(way)).toEqual({ kind: 'failed', reason })
  })
})

describe('what an effect leaves behind is gone when its result is known', () => {
  test.each([
    ['child', 1],
    ['many-children', 8],
    ['daemon', 1],
    ['bare-child', 1],
  ])('%s', async (way, count) => {
    const before = bench.children().length
    expect((await misbehave(way)).kind).toBe('done')
    expect(bench.children().length - before).toBe(count)
  })
})

test('prototypes changed by one plugin are changed for nobody else', async () => {
  await misbehave('pollute')
  expect(({} as { kind?: unknown }).kind).toBeUndefined()
  const planned = await bench.planned('touch', { word: 'unpolluted' })
  expect(planned).toMatchObject({ params: { word: 'unpolluted' } })
})

describe('a plan that misbehaves has failed, and the next one works', () => {
  test.each([
    ['loop', 'no answer within 3000 ms'],
    ['ignore-abort', 'no answer within 3000 ms'],
    ['exit-0', 'exited with code 0'],
    ['abort', 'killed by SIGABRT'],
    ['throw', 'the engine said no'],
    ['print', 'printed more than'],
    ['buffers', 'bytes of memory'],
    ['garbage', 'plan returned something unusable'],
    ['huge', 'more than 262144'],
    ['forge', 'not asked for'],
  ])('%s', async (way, reason) => {
    const call = { action: bench.action('misbehave'), target: 'service/it', params: { plan: way }, now: Date.now() }
    const [outcome, other] = await Promise.all([bench.actions.plan(call), bench.planned('touch')])
    expect(outcome).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) })
    expect(other.action).toBe('touch')
    expect((await bench.planned('misbehave')).pin).toEqual({ of: 'misbehaviour' })
  })
})

test.each(['loop', 'exit-1', 'garbage', 'throw'])('a verify that does not say yes (%s) has not passed', async (way) => {
  const planned = await bench.planned('misbehave', { verify: way })
  const call = {
    action: bench.action('misbehave'),
    plan: planned,
    effectEndedAt: Date.now(),
    intendedAt: Date.now(),
    effectSeen: true,
  }
  expect(await bench.actions.verify(call)).toMatchObject({ passed: false, positive: true })
})

test('lost runners are logged with their reason, and no log names the settings that a plugin was given', () => {
  expect(bench.logged.map(({ message }) => message)).toContain('runner lost')
  expect(JSON.stringify(bench.logged)).not.toContain(bench.folder)
})
