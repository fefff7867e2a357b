import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import restart from '../../plugins/redis-restart.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { redisSettings } from '../../src/sdk/redis-settings.ts'
import { byCommand as byCommandWay } from '../../src/sdk/restart-command.ts'
import { freePort } from '../kit/ports.ts'
import { isRunning } from '../kit/process-table.ts'
import { redisProgram, startRedis, type TestRedis } from '../kit/redis.ts'
import { redisAction } from '../kit/redis-action.ts'
import { waitFor } from '../kit/wait.ts'

const on = redisAction(restart)
const quick = { answer: '500ms', grace: '1s' }

const byCommand = (redis: TestRedis, change: JsonObject = {}): JsonObject => ({
  by: 'command',
  argv: [...redis.argv],
  folder: redis.folder,
  pidFile: redis.pidFile,
  ...change,
})
const settingsOf = (redis: TestRedis, change: JsonObject = {}) =>
  redis.settings({ restart: byCommand(redis), ...change })
const answers = (redis: TestRedis) =>
  waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers PONG' })

describe('a plan', () => {
  test('is refused for a server that answers PONG, with what it says of itself', async () => {
    await using redis = await startRedis()
    const refusal = await on.refused(settingsOf(redis))
    expect(refusal).toMatchObject({
      final: false,
      refused: `redis/cache (127.0.0.1:${redis.port}) is not restarted: it answers PONG; a restart would only interrupt it`,
      evidence: { state: 'pong', info: { runId: await redis.info('run_id'), role: 'master', replicas: 0 } },
    })
  })

  test('is refused for a master that has become a read-only replica, which a restart would not change', async () => {
    await using redis = await startRedis()
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
    const refusal = await on.refused(settingsOf(redis, { role: 'master' }))
    expect(refusal).toMatchObject({ final: false, evidence: { state: 'readonly' } })
    expect(refusal.refused).toMatch(/read-only replica.*a restart would not make it a master/)
    expect((await on.refused(settingsOf(redis, { role: 'replica' }))).refused).toMatch(/it answers PONG/)
  })

  test('is refused while a script keeps it busy, and says what to do instead', async () => {
    await using redis = await startRedis({ lines: ['busy-reply-threshold 50'] })
    const script = redis.cli('EVAL', 'while true do end', '0')
    await waitFor(async () => (await redis.cli('PING')).startsWith('BUSY'), { what: 'it is busy' })
    expect(await on.refused(settingsOf(redis))).toMatchObject({
      final: false,
      refused: expect.stringMatching(/SCRIPT KILL.*a restart would lose what is not saved$/),
    })
    await redis.cli('SCRIPT', 'KILL')
    await script
  })

  test('is refused where Hepar is not let in, and never shows the password', async () => {
    await using redis = await startRedis({ lines: ['requirepass right'], cli: ['-a', 'right'] })
    const refusal = await on.refused(settingsOf(redis, { password: 'wr0ng-secret' }))
    expect(refusal).toMatchObject({ final: false, refused: expect.stringMatching(/WRONGPASS.*nothing can be learned/) })
    expect(JSON.stringify(refusal)).not.toContain('wr0ng-secret')
  })

  test('says what is dead, what would be started, and touches nothing', async () => {
    await using redis = await startRedis()
    await redis.kill()
    const made = await on.planned(settingsOf(redis), quick)
    expect(made.summary).toMatch(
      new RegExp(
        `^Restart redis cache on 127.0.0.1:${redis.port} by starting ${redisProgram}: it refuses connections: no process listens there`,
      ),
    )
    expect(made.pin).toEqual({
      address: `127.0.0.1:${redis.port}`,
      restarted: { command: expect.stringMatching(/^[0-9a-f]{64}$/), process: null },
    })
    expect(await redis.cli('PING')).toMatch(/refused/)
  })

  test('pins the very process that hangs', async () => {
    await using redis = await startRedis()
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis, { logFile: join(redis.folder, 'server.log') }), quick)
    expect(made.evidence).toMatchObject({
      state: 'silent',
      logs: expect.arrayContaining([expect.stringContaining('Ready to accept connections')]),
      process: { pid: redis.pid(), state: 'T (stopped)', bytes: expect.any(Number) },
      machine: {
        topMemory: expect.arrayContaining([
          { pid: expect.any(Number), command: expect.any(String), bytes: expect.any(Number) },
        ]),
      },
    })
    expect(made.pin).toMatchObject({ restarted: { process: { pid: redis.pid(), command: 'redis-server' } } })
    expect(made.summary).toMatch(/by ending process \d+ \(redis-server\) and starting .*gives no answer/)
    expect(isRunning(redis.pid())).toBe(true)
  })

  test('is refused where nothing says how it is restarted', async () => {
    await using redis = await startRedis({ stopped: true })
    expect(await on.refused(redis.settings())).toMatchObject({
      final: true,
      refused: 'nothing says how redis/cache is restarted: state redis.cache.restart',
    })
  })

  test('is refused for the settings of another server, or incomplete ones', async () => {
    await using redis = await startRedis({ stopped: true })
    await expect(on.plan(settingsOf(redis, { name: 'other' }))).rejects.toThrow(/settings of redis "other"/)
    const { failover: _, ...rest } = settingsOf(redis)
    await expect(on.plan(rest as JsonObject)).rejects.toThrow(/failover/)
  })
})

describe('what nobody can ask a server that is down', () => {
  test.each<[string, JsonObject, RegExp]>([
    ['its role', { role: null }, /state redis\.cache\.role$/],
    ['who takes over from it', { role: 'master', failover: null }, /state redis\.cache\.failover$/],
    ['its persistence', { role: 'master', failover: 'none', persistence: null }, /state redis\.cache\.persistence$/],
  ])('is demanded of the configuration: %s', async (_, change, words) => {
    await using redis = await startRedis({ stopped: true })
    expect(await on.refused(settingsOf(redis, change))).toMatchObject({
      final: true,
      refused: expect.stringMatching(words),
    })
  })

  test('a master with replicas and without persistence is never restarted, for it would wipe them', async () => {
    await using redis = await startRedis({ stopped: true })
    const change = { role: 'master', failover: 'none', persistence: 'none' }
    expect(await on.refused(settingsOf(redis, change))).toMatchObject({
      final: true,
      refused: expect.stringMatching(/would come back empty, and its replicas would empty themselves/),
    })
    for (const persistence of ['rdb', 'aof']) await on.planned(settingsOf(redis, { ...change, persistence }))
    await on.planned(settingsOf(redis, { ...change, role: 'replica' }))
  })

  test.each(['sentinel', 'cluster'])('what %s manages is left to it, unless told otherwise', async (failover) => {
    await using redis = await startRedis({ stopped: true })
    const change = { role: 'replica', failover, persistence: 'rdb' }
    expect(await on.refused(settingsOf(redis, change))).toMatchObject({
      final: true,
      refused: expect.stringMatching(/would work against that.*set redis\.cache\.restart\.despiteFailover$/),
    })
    await on.planned(settingsOf(redis, { ...change, restartDespiteFailover: true }))
  })

  test('a master whose data are not where they should be is not restarted', async () => {
    await using redis = await startRedis({ stopped: true })
    const dataPath = join(redis.folder, 'dump.rdb')
    const settings = settingsOf(redis, { role: 'master', failover: 'none', persistence: 'rdb', dataPath })
    expect(await on.refused(settings)).toMatchObject({ final: false, refused: expect.stringMatching(/ENOENT/) })
    writeFileSync(dataPath, '')
    expect((await on.refused(settings)).refused).toMatch(/data would not come back: .*dump\.rdb is empty$/)
    writeFileSync(dataPath, 'REDIS')
    await on.planned(settings)
    const folder = join(redis.folder, 'appendonlydir')
    mkdirSync(folder)
    expect((await on.refused({ ...settings, dataPath: folder })).refused).toMatch(/appendonlydir is empty$/)
  })
})

describe('by command', () => {
  test('a dead server is started once, goes on, and is proven', async () => {
    await using redis = await startRedis()
    const runId = await redis.info('run_id')
    await redis.kill()
    const made = await on.planned(settingsOf(redis), quick)
    const intendedAt = Date.now()
    expect(await on.verify(made, { intendedAt })).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/refuses/),
    })
    const report = await on.run(made)
    await answers(redis)
    expect(report).toEqual({ ended: null, ending: null, started: redis.pid() })
    expect(await redis.info('run_id')).not.toBe(runId)
    const proof = await on.verify(made, { intendedAt })
    expect(proof).toMatchObject({
      passed: true,
      detail: expect.stringContaining((await redis.info('run_id')).slice(0, 12)),
    })
  })

  test('a server that hangs is ended, by force where it must be, and another is started', async () => {
    await using redis = await startRedis()
    const hung = redis.pid()
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis), quick)
    const intendedAt = Date.now()
    const report = await on.run(made)
    await answers(redis)
    expect(report).toEqual({ ended: hung, ending: 'killed', started: redis.pid() })
    expect(isRunning(hung)).toBe(false)
    expect(await on.verify(made, { intendedAt })).toMatchObject({ passed: true })
  })

  test('is refused for a hanging server without a pid file', async () => {
    await using redis = await startRedis()
    redis.signal('SIGSTOP')
    const settings = settingsOf(redis, { restart: byCommand(redis, { pidFile: null }) })
    expect(await on.refused(settings, quick)).toMatchObject({
      final: true,
      refused: expect.stringMatching(/state redis\.cache\.restart\.pidFile$/),
    })
    await redis.kill()
    await on.planned(settings, quick)
  })

  test('never ends a stranger whose number a left-over pid file names', async () => {
    await using redis = await startRedis()
    await redis.kill()
    const stranger = spawn('/bin/sleep', ['600'], { stdio: 'ignore' })
    onTestFinished(() => void stranger.kill('SIGKILL'))
    writeFileSync(redis.pidFile, `${stranger.pid}\n`)
    expect(await on.refused(settingsOf(redis), quick)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/process \d+ \(sleep\).*does not listen on port \d+.*left over/),
    })
    await redis.start()
    redis.signal('SIGSTOP')
    writeFileSync(redis.pidFile, `${stranger.pid}\n`)
    expect((await on.refused(settingsOf(redis), quick)).refused).toMatch(/does not listen on port/)
    expect(isRunning(stranger.pid!)).toBe(true)
  })

  test('never ends a server that listens on its port, where the URL names an address it does not listen on', async () => {
    await using redis = await startRedis()
    expect(await on.refused(settingsOf(redis, { host: '127.0.0.2' }), quick)).toMatchObject({
      final: false,
      refused: expect.stringMatching(/is not ended: it runs, yet nobody listens at the address/),
    })
    expect(await redis.cli('PING')).toBe('PONG')
  })

  test('shows no argument of its command, which may hold a secret', async () => {
    await using redis = await startRedis({ stopped: true })
    const argv = [...redis.argv, '--requirepass', 'in-the-arguments']
    const made = await on.planned(settingsOf(redis, { restart: byCommand(redis, { argv }) }), quick)
    expect(JSON.stringify({ ...made, settings: null })).not.toContain('in-the-arguments')
  })

  test('is refused for a server elsewhere, and for a program that is not there', async () => {
    await using redis = await startRedis({ stopped: true })
    const missing = settingsOf(redis, { restart: byCommand(redis, { argv: ['/no/such/redis-server'] }) })
    expect(await on.refused(missing)).toMatchObject({
      final: false,
      refused: '/no/such/redis-server cannot be started: ENOENT',
    })
    const elsewhere = redisSettings.parse(settingsOf(redis, { host: 'cache.example' }))
    const context = { settings: {}, signal: new AbortController().signal, now: 0 }
    const found = await byCommandWay(elsewhere, elsewhere.restart as never).find('refused', context)
    expect(found).toMatchObject({
      final: true,
      refused: expect.stringMatching(/on this machine.*cache\.example:\d+ is not/),
    })
  })

  test('reads no shell out of its arguments', async () => {
    await using redis = await startRedis({ stopped: true })
    const file = join(redis.folder, 'touched')
    const argv = [...redis.argv, '--logfile', '$(touch touched)x; touch touched']
    const settings = settingsOf(redis, { restart: byCommand(redis, { argv }) })
    await on.run(await on.planned(settings, quick))
    await answers(redis)
    expect(existsSync(file)).toBe(false)
  })
})

describe('a run', () => {
  test('does nothing to a server that answers again, or is another process than the planned one', async () => {
    await using redis = await startRedis()
    const first = redis.pid()
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis), quick)
    redis.signal('SIGCONT')
    await expect(on.run(made)).rejects.toThrow('nothing was done: it answers PONG')
    expect(redis.pid()).toBe(first)
    await redis.kill()
    await redis.start()
    redis.signal('SIGSTOP')
    await expect(on.run(made)).rejects.toThrow(/nothing was done.*no longer what was planned/)
    expect(isRunning(redis.pid())).toBe(true)
  })

  test('does nothing where the configuration means another server since the plan', async () => {
    await using redis = await startRedis({ stopped: true })
    const made = await on.planned(settingsOf(redis), quick)
    const moved = settingsOf(redis, { port: await freePort() })
    await expect(on.run(made, { settings: moved })).rejects.toThrow(/nothing was done.*no longer what was planned/)
    expect(await redis.cli('PING')).toMatch(/refused/)
  })

  test('does nothing when its time does not fit into the step, or it was cancelled', async () => {
    await using redis = await startRedis({ stopped: true })
    const made = await on.planned(settingsOf(redis), quick)
    await expect(on.run(made, { timeoutMs: 6_000 })).rejects.toThrow(/nothing was done.*do not fit/)
    await expect(on.run(made, { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(await redis.cli('PING')).toMatch(/refused/)
  })

  test('cut off after the old process was asked to end does not claim to know the outcome', async () => {
    await using redis = await startRedis()
    redis.signal('SIGSTOP')
    const made = await on.planned(settingsOf(redis), { answer: '500ms', grace: '30s' })
    const cancel = new AbortController()
    const ended = on.run(made, { signal: cancel.signal }).catch((error: unknown) => error)
    // A stopped process keeps SIGTERM waiting.
    const pending = () =>
      Number.parseInt(/^ShdPnd:\s+(\w+)/m.exec(readFileSync(`/proc/${redis.pid()}/status`, 'utf8'))?.[1] ?? '0', 16)
    await waitFor(() => (pending() & (1 << 14)) !== 0, { what: 'SIGTERM was sent' })
    cancel.abort()
    expect(await ended).toMatchObject({ code: 'outcome_unknown', message: expect.stringMatching(/was begun, but/) })
  })
})

test('a duration that is none, or too long, is not accepted', () => {
  expect(restart.params.parse({})).toEqual({ answer: 3_000, grace: 10_000 })
  for (const wrong of [{ answer: '6s' }, { answer: '0s' }, { grace: '6m' }, { force: true }]) {
    expect(restart.params.safeParse(wrong).success).toBe(false)
  }
})
