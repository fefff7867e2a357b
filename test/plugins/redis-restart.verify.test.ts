import { describe, expect, test } from 'vitest'
import restart from '../../plugins/redis-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { RedisInfo } from '../../src/sdk/redis-info.ts'
import { parseInfo } from '../../src/sdk/redis-info.ts'
import { whyNotWell } from '../../src/sdk/redis-proof.ts'
import { redisSettings } from '../../src/sdk/redis-settings.ts'
import { freePort } from '../kit/ports.ts'
import { plainRedis, startRedis, type TestRedis } from '../kit/redis.ts'
import { redisAction } from '../kit/redis-action.ts'
import { waitFor } from '../kit/wait.ts'

const on = redisAction(restart)
const quick = { answer: '500ms', grace: '1s' }

const settingsOf = (redis: TestRedis, change: JsonObject = {}) => {
  const { argv, folder, pidFile } = redis
  return redis.settings({ restart: { by: 'command', argv: [...argv], folder, pidFile }, ...change })
}

describe('verification', () => {
  test('does not pass on the old run that goes on, nor on silence', async () => {
    await using redis = await startRedis()
    await waitFor(async () => Number(await redis.info('uptime_in_seconds')) >= 4, { what: 'it has run for a while' })
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis), quick)
    const intendedAt = Date.now()
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/no answer/),
    })
    redis.signal('SIGCONT')
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/it is still process \d+/),
    })
    const dead = { ...made, pin: { ...made.pin, restarted: { command: '', process: null } } }
    expect(await on.verify(dead, { intendedAt })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/has not been started since the restart was decided: run \w{12} is \d+s old/),
    })
  })

  test('does not pass in another role than the configured one, nor as a replica without its master', async () => {
    await using redis = await startRedis({ stopped: true })
    const made = await on.planned(settingsOf(redis), quick)
    const intendedAt = Date.now()
    await on.run(made)
    await waitFor(async () => (await on.verify(made, { intendedAt })).passed, { what: 'it is proven' })
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: false,
      detail: 'its role is slave, where the configuration says standalone',
    })
    expect(await on.verify(made, { intendedAt }, settingsOf(redis, { role: 'replica' }))).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/^it is a replica of 127\.0\.0\.1:\d+, but the link to it is down$/),
    })
  })

  test('passes for a replica once it has its data from its master again', async () => {
    await using master = await startRedis()
    await master.cli('SET', 'a', '1')
    const lines = [`replicaof 127.0.0.1 ${master.port}`]
    await using replica = await startRedis({ lines })
    await replica.kill()
    const made = await on.planned(settingsOf(replica, { role: 'replica', failover: 'none' }), quick)
    const intendedAt = Date.now()
    await on.run(made)
    await waitFor(async () => (await on.verify(made, { intendedAt })).passed, { what: 'it is proven' })
    expect(await replica.cli('GET', 'a')).toBe('1')
  })

  test('waits for the end of loading, and finds the data of a persistent server again', async () => {
    const lines = ['appendonly yes', 'key-load-delay 2000', 'loading-process-events-interval-bytes 1024']
    await using redis = await startRedis({ lines: [...lines, 'enable-debug-command yes'] })
    await redis.cli('DEBUG', 'POPULATE', '1000')
    await redis.cli('BGREWRITEAOF')
    await waitFor(async () => (await redis.info('aof_rewrite_in_progress')) === '0', { what: 'it is rewritten' })
    await redis.kill()
    const made = await on.planned(settingsOf(redis, { persistence: 'aof' }), quick)
    const intendedAt = Date.now()
    await on.run(made)
    const details: string[] = []
    await waitFor(
      async () => {
        const { passed, detail } = await on.verify(made, { intendedAt })
        details.push(detail)
        return passed
      },
      { what: 'it is proven' },
    )
    expect(details.join('\n')).toMatch(/loading its data/)
    expect(await redis.cli('DBSIZE')).toBe('1000')
  })

  test('shows no password in what it says', async () => {
    await using redis = await startRedis({ lines: ['requirepass right'], cli: ['-a', 'right'] })
    await redis.kill()
    const made = await on.planned(settingsOf(redis, { password: 'wr0ng-secret' }), quick)
    expect(JSON.stringify(made.summary + JSON.stringify(made.pin))).not.toContain('wr0ng-secret')
    const intendedAt = Date.now()
    await on.run(made)
    await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers' })
    const seen = await on.verify(made, { intendedAt })
    expect(seen).toMatchObject({ passed: false, detail: expect.stringMatching(/WRONGPASS/) })
    expect(JSON.stringify(seen)).not.toContain('wr0ng-secret')
  })
})

describe('what INFO proves', () => {
  const settings = redisSettings.parse({ ...plainRedis, persistence: 'aof' })
  const now = 1_000_000_000
  const times = { now, intendedAt: now - 20_000, effectEndedAt: now - 15_000, effectSeen: true }
  const well: RedisInfo = {
    ...parseInfo('redis_mode:standalone\r\nrole:master\r\nloading:0\r\naof_enabled:1\r\nuptime_in_seconds:17\r\n'),
    runId: 'ab'.repeat(20),
  }
  const why = (change: Partial<RedisInfo>, more: Partial<typeof times> = {}) =>
    whyNotWell({ ...well, ...change }, settings, { ...times, ...more }, 15_000)

  test('a run that began with the restart is well', () => {
    expect(why({})).toBeNull()
    expect(why({ uptimeSeconds: 20 })).toBeNull()
  })

  test.each<[string, Partial<RedisInfo>, RegExp]>([
    ['a run older than the decision', { uptimeSeconds: 23 }, /has not been started/],
    ['a run that began long after the restart', { uptimeSeconds: 2 }, /once more.*does not stay up/],
    ['a server that names no run', { runId: '' }, /names no run_id/],
    ['a server that names no uptime', { uptimeSeconds: null }, /names no run_id/],
    ['a Sentinel', { mode: 'sentinel' }, /is a Sentinel/],
    ['a server still loading', { loading: true }, /still loading/],
    ['a server without its append-only file', { aof: false }, /append-only/],
    ['a replica', { role: 'slave' }, /its role is slave/],
  ])('does not show that %s is well', (_, change, words) => {
    expect(why(change)).toMatch(words)
  })

  test('of an effect whose end nobody saw allows that it came later', () => {
    expect(why({ uptimeSeconds: 2 }, { effectSeen: false })).toBeNull()
  })
})
