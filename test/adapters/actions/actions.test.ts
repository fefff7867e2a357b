import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/domain/json.ts'
import { sha256 } from '../../../src/engine/digest.ts'
import { isRunning, processesWith, startTicksOf } from '../../kit/process-table.ts'
import { type Bench, openBench, readPids, start, until } from './kit.ts'

let bench: Bench
beforeAll(async () => {
  bench = await openBench()
})

function plan(target: string, params: Readonly<Record<string, unknown>> = {}) {
  return bench.actions.plan({ action: bench.action('touch'), target, params, now: Date.now() })
}

describe('a plan', () => {
  test('has the pin, the parsed parameters and a digest over what binds it', async () => {
    const outcome = await plan('service/it', { pause: '2s' })
    const bound = {
      action: 'touch',
      target: 'service/it',
      params: { word: 'hello', pause: 2_000 },
      pin: { folder: bench.folder },
    }
    expect(outcome).toMatchObject({
      kind: 'planned',
      plan: { ...bound, summary: 'append "hello" for service/it', evidence: { pause: 2_000 } },
      digest: sha256(canonicalJson(bound)),
    })
  })

  test('may say that it may be started again, which its digest then binds', async () => {
    const [once, again] = [await plan('service/once'), await plan('service/repeatable')]
    if (once.kind !== 'planned' || again.kind !== 'planned') throw new Error('nothing was planned')
    expect(once.plan).not.toHaveProperty('idempotent')
    expect(again.plan.idempotent).toBe(true)
    const { action, target, params, pin } = again.plan
    expect(again.digest).toBe(sha256(canonicalJson({ action, target, params, pin, idempotent: true })))
  })

  test('may name what else it touches, each once and the target not again, and only so much', async () => {
    expect(await plan('service/wide')).toMatchObject({ kind: 'planned', plan: { touches: ['unit/a'] } })
    expect(await plan('service/boundless')).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('unusable'),
    })
    const usual = await plan('service/it')
    if (usual.kind !== 'planned') throw new Error('nothing was planned')
    expect(usual.plan).not.toHaveProperty('touches')
  })

  test('has the same digest every time, and another for other parameters', async () => {
    const digests = []
    for (const word of ['a', 'a', 'b']) {
      const outcome = await plan('service/it', { word })
      digests.push(outcome.kind === 'planned' ? outcome.digest : outcome.kind)
    }
    expect(digests[0]).toBe(digests[1])
    expect(digests[0]).not.toBe(digests[2])
  })

  test('may be refused for good or for now, with evidence', async () => {
    expect(await plan('service/forbidden')).toEqual({
      kind: 'refused',
      reason: 'this one is never touched',
      final: true,
      evidence: { seen: true },
    })
    expect(await plan('service/busy')).toMatchObject({ kind: 'refused', final: false })
  })

  test('is refused for good on wrong parameters, and says which: no host has to answer first', async () => {
    expect(await plan('service/it', { word: 5, pause: 'soon' })).toEqual({
      kind: 'refused',
      final: true,
      evidence: {},
      reason: expect.stringMatching(/wrong parameters: word: .*; pause: "soon" is not a duration/),
    })
  })

  test('is refused for a target of another kind', async () => {
    expect(await plan('redis/cache')).toMatchObject({ kind: 'refused', final: true })
  })

  test('is made by one reader again and again, never by two at a time', async () => {
    const first = await bench.planned('touch')
    const second = await bench.planned('touch')
    expect(second.data.pid).toBe(first.data.pid)
    const pids = (await Promise.all([bench.planned('touch'), bench.planned('touch')])).map(({ data }) => data.pid)
    expect(new Set(pids).size).toBe(2)
  })
})

describe('an effect', () => {
  test('happens once, in a runner of its own that is gone afterwards', async () => {
    const touch = bench.action('touch')
    const runner = await bench.actions.reserve(bench.action('touch'))
    const planned = await bench.planned('touch', { word: 'once' })
    expect(isRunning(runner.identity.pid)).toBe(true)
    const result = await start(runner, touch, planned)
    expect(result).toMatchObject({ kind: 'done', report: { pid: runner.identity.pid } })
    const lines = readFileSync(join(bench.folder, 'touched'), 'utf8').split('\n')
    expect(lines.filter((line) => line === 'once key-1')).toHaveLength(1)
    expect(isRunning(runner.identity.pid)).toBe(false)
    expect(await start(runner, touch, planned)).toMatchObject({ kind: 'not_started' })
    expect(processesWith(runner.identity.marker)).toEqual([])
  })

  test('is taken back by the same plan, in a process of its own', async () => {
    const borrow = bench.action('borrow')
    expect(borrow).toMatchObject({ temporary: true, hasRevert: true })
    const planned = await bench.planned('borrow')
    expect(await start(await bench.actions.reserve(borrow), borrow, planned)).toMatchObject({ kind: 'done' })
    const back = await start(await bench.actions.reserve(borrow), borrow, planned, 20_000, 'revert')
    expect(back).toEqual({ kind: 'done', report: { back: true } })
    expect(readFileSync(join(bench.folder, 'borrowed'), 'utf8')).toBe('run ada key-1\nrevert ada key-1\n')
  })

  test('of a plugin that has no revert is not taken back', async () => {
    const touch = bench.action('touch')
    const planned = await bench.planned('touch')
    const result = await start(await bench.actions.reserve(touch), touch, planned, 20_000, 'revert')
    expect(result).toEqual({ kind: 'not_started', reason: 'the plugin cannot take its effect back' })
  })

  test('can be told from any other process by what was recorded before it', async () => {
    const { identity, discard } = await bench.actions.reserve(bench.action('touch'))
    expect(startTicksOf(identity.pid)).toBe(identity.startTicks)
    expect(readFileSync(`/proc/${identity.pid}/environ`, 'utf8').split('\0')).toContain(
      `HEPAR_RUNNER=${identity.marker}`,
    )
    expect(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()).toBe(identity.bootId)
    await discard()
    expect(isRunning(identity.pid)).toBe(false)
  })

  test('sees no more of the environment than it needs', async () => {
    process.env.HEPAR_TEST_TOKEN = 'a secret'
    const fresh = await openBench({ poolSize: 1 })
    delete process.env.HEPAR_TEST_TOKEN
    const result = await fresh.run('touch')
    if (result.kind !== 'done') throw new Error(JSON.stringify(result))
    const allowed = ['HEPAR_RUNNER', 'LANG', 'LC_ALL', 'PATH', 'PWD', 'TZ']
    expect((result.report.environment as string[]).filter((name) => !allowed.includes(name))).toEqual([])
    expect(result.report.cwd).toBe('/')
    await fresh.actions.close()
  })

  test.each([
    ['later than allowed', -2_500],
    ['before its intent by the wall clock', 2_500],
  ])('does not begin %s', async (_, shiftMs) => {
    const planned = await bench.planned('touch', { word: `shifted${shiftMs}` })
    const runner = await bench.actions.reserve(bench.action('touch'))
    const intendedAt = Date.now() + shiftMs
    const times = { intendedAt, deadlineAt: Date.now() + 60_000, signal: new AbortController().signal }
    const result = await runner.run({
      verb: 'run',
      action: bench.action('touch'),
      plan: planned,
      idempotencyKey: 'k',
      ...times,
    })
    expect(result.kind).toBe('not_started')
    const text = existsSync(join(bench.folder, 'touched')) ? readFileSync(join(bench.folder, 'touched'), 'utf8') : ''
    expect(text).not.toContain(`shifted${shiftMs}`)
    expect(isRunning(runner.identity.pid)).toBe(false)
  })

  test('does not begin when Hepar is stopping, and ends unknown when Hepar stops it', async () => {
    const planned = await bench.planned('touch', { word: 'stopped', pause: '30s' })
    const effect = { action: bench.action('touch'), plan: planned, idempotencyKey: 'k', intendedAt: Date.now() }
    const deadlineAt = Date.now() + 60_000
    const unused = await bench.actions.reserve(bench.action('touch'))
    expect((await unused.run({ verb: 'run', ...effect, deadlineAt, signal: AbortSignal.abort() })).kind).toBe(
      'not_started',
    )

    const runner = await bench.actions.reserve(bench.action('touch'))
    const stopping = new AbortController()
    const begun = Date.now()
    const count = () => readPids(join(bench.folder, 'began')).length
    const before = count()
    const result = runner.run({ verb: 'run', ...effect, intendedAt: begun, deadlineAt, signal: stopping.signal })
    await until('the effect began', () => count() > before)
    stopping.abort()
    expect((await result).kind).toBe('unknown')
    expect(Date.now() - begun).toBeLessThan(10_000)
  })

  test('is not started when its runner died after it was reserved', async () => {
    const planned = await bench.planned('touch')
    const runner = await bench.actions.reserve(bench.action('touch'))
    process.kill(runner.identity.pid, 'SIGKILL')
    await until('the runner is gone', () => !isRunning(runner.identity.pid))
    expect((await start(runner, bench.action('touch'), planned)).kind).not.toMatch(/done|failed/)
  })

  test('begins soon after it was reserved, and takes little memory while it waits', async () => {
    const planned = await bench.planned('touch')
    await bench.run('touch')
    const runner = await bench.actions.reserve(bench.action('touch'))
    const status = readFileSync(`/proc/${runner.identity.pid}/status`, 'utf8')
    const rssMiB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
    const reservedAt = performance.timeOrigin + performance.now()
    await start(runner, bench.action('touch'), planned)
    const began = readFileSync(join(bench.folder, 'began'), 'utf8').trim().split('\n').at(-1)
    const beginMs = Number(began) - reservedAt
    console.info(`began ${beginMs.toFixed(1)} ms after reserve, blank runner ${rssMiB.toFixed(0)} MiB resident`)
    expect(beginMs).toBeLessThan(1_000)
    expect(rssMiB).toBeLessThan(150)
  })
})

describe('verify', () => {
  test("passes on the plugin's own word", async () => {
    const planned = await bench.planned('touch', { word: 'verified' })
    const call = {
      action: bench.action('touch'),
      plan: planned,
      effectEndedAt: Date.now(),
      intendedAt: Date.now(),
      effectSeen: true,
    }
    expect(await bench.actions.verify(call)).toMatchObject({ passed: false, positive: true })
    await bench.run('touch', { word: 'verified' })
    expect(await bench.actions.verify(call)).toMatchObject({ check: 'action: touch', passed: true, positive: true })
  })
})

describe('an unmapped place', () => {
  test('is refused for good, never verified and never touched', async () => {
    let unmapped = false
    const own = await openBench({
      settingsFor: () => (unmapped ? { unmapped: 'host h9 is unknown' } : { settings: { folder: bench.folder } }),
    })
    const planned = await own.planned('touch', { word: 'unmapped' })
    unmapped = true
    const call = { action: own.action('touch'), target: 'service/it', params: {}, now: Date.now() }
    expect(await own.actions.plan(call)).toMatchObject({ kind: 'refused', reason: 'host h9 is unknown', final: true })
    const result = await start(await own.actions.reserve(own.action('touch')), own.action('touch'), planned)
    expect(result).toEqual({ kind: 'not_started', reason: 'host h9 is unknown' })
    expect(readFileSync(join(bench.folder, 'touched'), 'utf8')).not.toContain('unmapped')
    await own.actions.close()
  })
})

test('closing leaves no process behind, not even of a running effect', async () => {
  const own = await openBench({ readerIdleMs: 60_000 })
  const planned = await own.planned('misbehave', { run: 'child-and-loop' })
  const runners = [await own.actions.reserve(own.action('misbehave')), await own.actions.reserve(own.action('touch'))]
  const result = start(runners[0]!, own.action('misbehave'), planned, 60_000)
  await until('it has children', () => own.children().length === 3)
  await own.actions.close()
  expect((await result).kind).toBe('unknown')
  expect([...own.children(), ...runners.map(({ identity }) => identity.pid)].filter(isRunning)).toEqual([])
  await expect(own.actions.reserve(own.action('touch'))).rejects.toThrow('closed')
})

test('a reader that is idle for a while is ended', async () => {
  const own = await openBench({ poolSize: 0, readerIdleMs: 100 })
  const planned = await own.planned('touch')
  await until('the reader is gone', () => !isRunning(Number(planned.data.pid)))
  expect((await own.planned('touch')).data.pid).not.toBe(planned.data.pid)
  await own.actions.close()
})
