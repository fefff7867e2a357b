import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import clear from '../../plugins/cache-clear.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { freePort } from '../kit/ports.ts'
import { runProgram } from '../kit/process.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { redisAction } from '../kit/redis-action.ts'
import { waitFor } from '../kit/wait.ts'

const on = redisAction(clear)
const keys = { keys: ['cache:*'] }
const lines = ['maxmemory 35mb', 'maxmemory-policy noeviction', 'enable-debug-command yes']

const sizeOf = async (redis: TestRedis) => Number(await redis.cli('DBSIZE'))

/** `count` keys named `prefix:number`, each of `bytes`. */
const fill = (redis: TestRedis, prefix: string, count: number, bytes = 10_000) =>
  redis.cli('DEBUG', 'POPULATE', String(count), prefix, String(bytes))

/** Just over four fifths of its maxmemory, most of it in `cache:*`. */
async function full(setup: { lines?: readonly string[]; cli?: readonly string[] } = {}): Promise<TestRedis> {
  const redis = await startRedis({ cli: setup.cli ?? [], lines: [...lines, ...(setup.lines ?? [])] })
  await fill(redis, 'cache', 2_700)
  await fill(redis, 'session', 100)
  return redis
}

describe('a plan', () => {
  test('counts what would go and names the pressure, and removes nothing', async () => {
    await using redis = await full()
    const said = async (field: string) => Number(await redis.info(field))
    // A server counts who has gone until its next turn, and whoever asks counts as one.
    await waitFor(async () => (await said('connected_clients')) === 1, { what: 'nobody but the asker is connected' })
    const logFile = join(redis.folder, 'server.log')
    const made = await on.planned(redis.settings({ ...keys, logFile }))
    expect(made.summary).toMatch(
      new RegExp(
        `^Remove 2700 keys matching cache:\\* from redis/cache \\(127.0.0.1:${redis.port}, database 0\\); it uses 8\\d(\\.\\d)?% of its maxmemory`,
      ),
    )
    expect(made.evidence).toMatchObject({ keys: 2_700, keysAreAll: true, maxMemoryBytes: 35 * 1024 * 1024 })
    expect(made.evidence).toMatchObject({ clients: 1, evictedKeys: 0, blockedClients: 0 })
    const { datasetBytes, usedMemoryBytes, peakMemoryBytes } = made.evidence as Record<string, number>
    expect(datasetBytes).toBeGreaterThan(0.8 * (await said('used_memory_dataset')))
    expect(datasetBytes).toBeLessThan(usedMemoryBytes!)
    expect(peakMemoryBytes).toBeGreaterThanOrEqual(usedMemoryBytes!)
    expect(made.evidence?.logs).toContainEqual(expect.stringContaining('Ready to accept connections'))
    expect(made.touches).toEqual([`redis-server/local:${redis.port}`])
    const { touches } = await on.planned(redis.settings({ ...keys, host: 'localhost' }))
    expect(touches, 'one server under two names').toEqual(made.touches)
    expect(made.pin).toEqual({
      runId: await redis.info('run_id'),
      address: `127.0.0.1:${redis.port}`,
      database: 0,
      patterns: ['cache:*'],
    })
    expect(await sizeOf(redis)).toBe(2_800)
  })

  test('is refused for good where the configuration permits no key, and nothing may be emptied', async () => {
    await using redis = await full()
    expect(await on.refused(redis.settings())).toMatchObject({
      final: true,
      refused: 'redis/cache is not cleared: no key of it may be removed: list patterns under redis.cache.keys',
    })
    expect(await on.refused(redis.settings(keys), { everything: true })).toMatchObject({
      final: true,
      refused: expect.stringMatching(/only what is disposable may be emptied/),
    })
  })

  test('takes no pattern from a playbook', () => {
    for (const wrong of [{ match: '*' }, { keys: ['*'] }, { belowPercent: 0 }, { keysMax: 0 }, { batchKeys: 10_001 }]) {
      expect(clear.params.safeParse(wrong).success).toBe(false)
    }
  })

  test('is refused while the pressure is no longer there, while there is no bound, and where no key matches', async () => {
    await using redis = await full()
    expect(await on.refused(redis.settings(keys), { belowPercent: 95 })).toMatchObject({
      final: false,
      refused: expect.stringMatching(/is not cleared: it uses 8.*which is below 95% already$/),
    })
    expect((await on.refused(redis.settings({ keys: ['other:*'] }))).refused).toMatch(/no key matching other:\*$/)
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    expect(await on.refused(redis.settings(keys))).toMatchObject({
      final: false,
      refused: expect.stringMatching(/it has no maxmemory/),
    })
  })

  test('is refused for a replica, a node of a cluster, and a server that gives no answer', async () => {
    await using redis = await full()
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
    expect(await on.refused(redis.settings(keys))).toMatchObject({ refused: expect.stringMatching(/READONLY$/) })
    await redis.kill()
    expect(await on.refused(redis.settings(keys))).toMatchObject({
      final: false,
      refused: expect.stringMatching(/refuses connections/),
    })
    await using node = await startRedis({ lines: [...lines, 'cluster-enabled yes'] })
    expect(await on.refused(node.settings(keys))).toMatchObject({
      refused: expect.stringMatching(/its mode is "cluster": keys of a cluster lie on other nodes/),
    })
  })

  test('says what the server forbids it, and never shows the password', async () => {
    const users = ['requirepass right', 'user weak on >wr0ng-secret ~* -@all +ping +info +select']
    await using redis = await full({ lines: users, cli: ['-a', 'right'] })
    const settings = redis.settings({ ...keys, user: 'weak', password: 'wr0ng-secret' })
    const error = await on.plan(settings).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringMatching(/NOPERM.*scan/) })
    expect(String((error as Error).stack)).not.toContain('wr0ng-secret')
  })
})

describe('a run', () => {
  test('removes the keys that match and no other, and reports keys and bytes; the pressure proves it', async () => {
    await using redis = await full()
    const made = await on.planned(redis.settings(keys))
    const intendedAt = Date.now()
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/8\d.*well is below 80%$/),
    })
    const before = Number(await redis.info('used_memory'))
    const report = await on.run(made)
    const after = Number(await redis.info('used_memory'))
    expect(report).toMatchObject({ keys: 2_700, end: 'done' })
    expect(Math.abs((report!.bytesFreed as number) - (before - after))).toBeLessThan(1024 * 1024)
    expect(report!.bytesFreed).toBeGreaterThan(20 * 1024 * 1024)
    expect(await sizeOf(redis)).toBe(100)
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: true,
      detail: expect.stringMatching(/^it uses \d/),
    })
  })

  test('counts as no heal when the pressure stays, however many keys went', async () => {
    await using redis = await startRedis({ lines })
    await fill(redis, 'cache', 500, 10)
    await fill(redis, 'session', 2_800)
    const made = await on.planned(redis.settings(keys))
    expect(await on.run(made)).toMatchObject({ keys: 500 })
    expect(await on.verify(made, { intendedAt: Date.now() })).toMatchObject({ passed: false })
  })

  test('keeps to its bounds of keys, in batches', async () => {
    await using redis = await full()
    const monitor = runProgram('redis-cli', ['-p', String(redis.port), 'MONITOR'], { timeoutMs: 6_000 })
    await waitFor(async () => (await redis.cli('CLIENT', 'LIST')).includes('cmd=monitor'), { what: 'it is watched' })
    const made = await on.planned(redis.settings(keys), { keysMax: 250, batchKeys: 100 })
    expect(await on.run(made)).toMatchObject({ keys: 250, end: 'keysMax' })
    expect(await sizeOf(redis)).toBe(2_550)
    const seen = (await monitor).stdout.split('\n').filter((line) => line.includes('"UNLINK"'))
    expect(Math.max(...seen.map((line) => line.split('" "').length - 1))).toBeLessThanOrEqual(100)
    expect(seen.length).toBeGreaterThanOrEqual(3)
  })

  test('keeps to its time', async () => {
    await using redis = await full()
    const made = await on.planned(redis.settings(keys), { batchKeys: 1, time: '100ms' })
    expect(await on.run(made)).toMatchObject({ end: 'time' })
    expect(await sizeOf(redis)).toBeGreaterThan(100)
  })

  test('reads keys as bytes, and takes a pattern as Redis reads it', async () => {
    await using redis = await full()
    await runProgram('redis-cli', ['-p', String(redis.port), '-x', 'SET', 'cache:\\xff\\n*'], { input: 'x' })
    await redis.cli('EVAL', "redis.call('SET', 'cache:\\255\\0\\n', '1') return 1", '0')
    await redis.cli('SET', 'Cache:upper', '1')
    await redis.cli('SET', 'xcache:1', '1')
    await on.run(await on.planned(redis.settings(keys)))
    expect((await redis.cli('KEYS', '*ache*')).split('\n').sort()).toEqual(['Cache:upper', 'xcache:1'])
  })

  test('acts on the database of the url alone', async () => {
    await using redis = await full()
    await redis.cli('-n', '3', 'DEBUG', 'POPULATE', '50', 'cache', '10')
    const made = await on.planned(redis.settings({ ...keys, database: 3 }))
    expect(made.summary).toMatch(/^Remove 50 keys .*database 3\)/)
    expect(await on.run(made)).toMatchObject({ keys: 50 })
    expect(await sizeOf(redis)).toBe(2_800)
    expect(await redis.cli('-n', '3', 'DBSIZE')).toBe('0')
  })

  test('leaves the mirror of a safe mode where it is, though its name matches, and empties nothing that holds one', async () => {
    await using redis = await full()
    await redis.cli('SET', 'cache:shop:safe', 'hepar:2026')
    const mirrors = [{ key: 'cache:shop:safe', service: 'shop' }]
    const made = await on.planned(redis.settings({ ...keys, mirrors }))
    expect(made.evidence).toMatchObject({ keys: 2_700 })
    expect(await on.run(made)).toMatchObject({ keys: 2_700, end: 'done' })
    expect(await redis.cli('GET', 'cache:shop:safe')).toBe('hepar:2026')
    await fill(redis, 'cache', 2_700)
    expect(await on.refused(redis.settings({ disposable: true, mirrors }), { everything: true })).toMatchObject({
      final: true,
      refused: expect.stringContaining('it holds the mirror of services.shop'),
    })
    const before = await on.planned(redis.settings({ disposable: true }), { everything: true })
    await expect(on.run(before, { settings: redis.settings({ disposable: true, mirrors }) })).rejects.toThrow(
      /^nothing was done: it holds the mirror/,
    )
    expect(await redis.cli('EXISTS', 'cache:shop:safe')).toBe('1')
  })

  test('empties a disposable database, and only that one', async () => {
    await using redis = await full()
    await redis.cli('-n', '3', 'SET', 'other', '1')
    const made = await on.planned(redis.settings({ disposable: true }), { everything: true })
    expect(made.summary).toMatch(/^Remove 2800 keys of any name/)
    expect(await on.run(made)).toMatchObject({ keys: 2_800, end: 'done' })
    expect(await sizeOf(redis)).toBe(0)
    expect(await redis.cli('-n', '3', 'GET', 'other')).toBe('1')
    expect(await on.verify(made, { intendedAt: Date.now() })).toMatchObject({ passed: true })
  })

  test.each<[string, JsonObject]>([
    ['other keys', { keys: ['session:*'] }],
    ['another database', { database: 1 }],
    ['no key any more', { keys: [] }],
  ])('does nothing when the configuration permits %s since the plan', async (_, change) => {
    await using redis = await full()
    const made = await on.planned(redis.settings(keys))
    await expect(on.run(made, { settings: redis.settings({ ...keys, ...change }) })).rejects.toThrow(
      /^nothing was done/,
    )
    expect(await sizeOf(redis)).toBe(2_800)
  })

  test('does nothing to another run of the server, nor where it has become a replica; and a new run proves nothing', async () => {
    await using redis = await full()
    const made = await on.planned(redis.settings(keys))
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
    await expect(on.run(made)).rejects.toThrow(/^nothing was done: it has become a replica/)
    await redis.kill()
    await redis.start()
    await fill(redis, 'cache', 10)
    await expect(on.run(made)).rejects.toThrow(/^nothing was done: another run/)
    expect(await sizeOf(redis)).toBe(10)
    expect(await on.verify(made, { intendedAt: 0 })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/restarted meanwhile/),
    })
  })

  test('does nothing when it was cancelled, or its time does not suffice; cut off in the middle it says how far it came', async () => {
    await using redis = await full()
    const made = await on.planned(redis.settings(keys), { batchKeys: 1 })
    await expect(on.run(made, { signal: AbortSignal.abort() })).rejects.toThrow()
    await expect(on.run(made, { timeoutMs: 4_000 })).rejects.toThrow(/^nothing was done.*timeout/)
    expect(await sizeOf(redis)).toBe(2_800)
    const failing = on.run(made).catch((error: unknown) => error)
    await waitFor(async () => (await sizeOf(redis)) < 2_790, { what: 'it has begun', everyMs: 5 })
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    expect(await failing).toMatchObject({ message: expect.stringMatching(/^\d+ keys were removed, then: /) })
    expect(await sizeOf(redis)).toBeGreaterThan(100)
  })
})
