import { mkdirSync, readFileSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../src/domain/json.ts'
import { pingRedis } from '../../src/sdk/redis-link.ts'
import { redisSettings } from '../../src/sdk/redis-settings.ts'
import { downOf, stateOfFailure, stateOfReply } from '../../src/sdk/redis-state.ts'
import { freePort } from '../kit/ports.ts'
import { plainRedis, startRedis, type TestRedis } from '../kit/redis.ts'
import { waitFor } from '../kit/wait.ts'

const tlsFiles = join(import.meta.dirname, '../fixtures/tls')

const never = new AbortController().signal

function ping(redis: Pick<TestRedis, 'settings'>, change?: JsonObject, answerMs = 2_000) {
  return pingRedis(redisSettings.parse(redis.settings(change)), { signal: never, answerMs })
}

/** Something on a port that is no Redis. */
async function listen(talk: (socket: Socket) => void): Promise<{ settings: TestRedis['settings'] }> {
  const port = await freePort()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    talk(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { settings: (change = {}) => ({ ...plainRedis, port, ...change }) }
}

describe('a real server', () => {
  test('that is well answers PONG, also where a password is given that it does not want', async () => {
    await using redis = await startRedis()
    expect(await ping(redis)).toMatchObject({ kind: 'pong' })
    expect(await ping(redis, { password: 'needless' })).toMatchObject({ kind: 'pong' })
  })

  test('that was stopped in the middle is silent, and one that is gone refuses', async () => {
    await using redis = await startRedis()
    redis.signal('SIGSTOP')
    expect(await ping(redis, {}, 500)).toMatchObject({ kind: 'silent' })
    expect(await ping(redis, { password: 'x' }, 500)).toMatchObject({ kind: 'silent' })
    expect(await ping(redis, { tls: {} }, 500)).toMatchObject({ kind: 'silent' })
    redis.signal('SIGCONT')
    await redis.kill()
    expect(await ping(redis)).toMatchObject({ kind: 'refused' })
  })

  test('that hangs while its clients come back and back is silent, though no connection is made any more', async () => {
    await using redis = await startRedis({ lines: ['tcp-backlog 4'] })
    redis.signal('SIGSTOP')
    const clients = Array.from({ length: 20 }, () => createConnection(redis.port, '127.0.0.1'))
    onTestFinished(() => clients.forEach((client) => void client.destroy()))
    for (const client of clients) client.on('error', () => undefined)
    await waitFor(() => clients.filter(({ connecting }) => !connecting).length >= 5, { what: 'the queue is full' })
    expect(await ping(redis, {}, 500)).toMatchObject({ kind: 'silent', said: expect.stringContaining('5 connections') })
  })

  test('that loads its data says so', async () => {
    await using redis = await startRedis({
      lines: ['key-load-delay 20000', 'loading-process-events-interval-bytes 1024', 'enable-debug-command yes'],
    })
    await redis.cli('DEBUG', 'POPULATE', '2000')
    await redis.cli('SAVE')
    await redis.kill()
    await redis.start()
    expect(await ping(redis)).toMatchObject({ kind: 'loading', said: expect.stringMatching(/^LOADING/) })
  })

  test('that a script keeps busy says so', async () => {
    await using redis = await startRedis({ lines: ['busy-reply-threshold 50'] })
    const script = redis.cli('EVAL', 'while true do end', '0')
    await waitFor(async () => (await redis.cli('PING')).startsWith('BUSY'), { what: 'it is busy' })
    expect(await ping(redis)).toMatchObject({ kind: 'busy', said: expect.stringMatching(/SCRIPT KILL/) })
    await redis.cli('SCRIPT', 'KILL')
    await script
  })

  test('that cannot save says MISCONF', async () => {
    await using redis = await startRedis({ lines: ['save 3600 1'] })
    // What stands there under the name of its file cannot be replaced.
    mkdirSync(join(redis.folder, 'dump.rdb/in-the-way'), { recursive: true })
    await redis.cli('SET', 'a', '1')
    await redis.cli('BGSAVE')
    await waitFor(async () => (await redis.info('rdb_last_bgsave_status')) === 'err', { what: 'saving failed' })
    expect(await ping(redis)).toMatchObject({ kind: 'misconf' })
  })

  test('that wants a sign-in tells a wrong one, none, and one without rights from the right one', async () => {
    const users = ['requirepass right', 'user weak on >weak ~* -@all +auth']
    await using redis = await startRedis({ lines: users, cli: ['-a', 'right'] })
    expect(await ping(redis)).toMatchObject({ kind: 'noauth', said: expect.stringMatching(/^NOAUTH/) })
    const wrong = await ping(redis, { password: 'wr0ng-secret' })
    expect(wrong).toMatchObject({ kind: 'noauth', said: expect.stringMatching(/^WRONGPASS/) })
    expect(JSON.stringify(wrong)).not.toContain('wr0ng-secret')
    expect(await ping(redis, { user: 'weak', password: 'weak' })).toMatchObject({ kind: 'noauth' })
    expect(await ping(redis, { password: 'right' })).toMatchObject({ kind: 'pong' })
    expect(await ping(redis, { user: 'default', password: 'right' })).toMatchObject({ kind: 'pong' })
  })

  test('a replica cut off from its master that serves no stale data says so', async () => {
    await using redis = await startRedis({ lines: ['replica-serve-stale-data no'] })
    await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()))
    expect(await ping(redis)).toMatchObject({ kind: 'masterdown' })
  })

  test('with as many clients as it takes says so', async () => {
    await using redis = await startRedis({ lines: ['maxclients 1'] })
    const holder = createConnection(redis.port, '127.0.0.1')
    onTestFinished(() => void holder.destroy())
    await new Promise((resolve) => holder.once('connect', resolve))
    await waitFor(async () => (await ping(redis)).kind === 'full', { what: 'it is full' })
  })

  test('with TLS is told from one without, and its certificate is checked', async () => {
    const tlsPort = await freePort()
    const lines = [
      `tls-port ${tlsPort}`,
      `tls-cert-file ${join(tlsFiles, 'server.pem')}`,
      `tls-key-file ${join(tlsFiles, 'server.key')}`,
      `tls-ca-cert-file ${join(tlsFiles, 'ca.pem')}`,
      'tls-auth-clients no',
    ]
    await using redis = await startRedis({ lines })
    const ca = readFileSync(join(tlsFiles, 'ca.pem'), 'utf8')
    const secured = (tls: JsonObject | null) => ping(redis, { port: tlsPort, tls })
    expect(await secured({ ca })).toMatchObject({ kind: 'pong' })
    expect(await secured({ ca, serverName: 'prometheus.test' })).toMatchObject({ kind: 'pong' })
    expect(await secured({ ca, serverName: 'other.test' })).toMatchObject({ kind: 'tls' })
    expect(await secured({})).toMatchObject({ kind: 'tls' })
    expect(await secured(null)).toMatchObject({ kind: 'closed' })
    expect(await ping(redis, { tls: { ca } })).toMatchObject({ kind: 'tls' })
  })
})

describe('what is no Redis', () => {
  test('but takes connections is silent', async () => {
    expect(await ping(await listen(() => undefined), {}, 300)).toMatchObject({ kind: 'silent' })
  })

  test('and closes them without a word is not taken for down', async () => {
    expect(await ping(await listen((socket) => socket.end()))).toMatchObject({ kind: 'closed' })
    const reset = await ping(await listen((socket) => socket.resetAndDestroy()))
    expect(reset.kind).toBeOneOf(['closed', 'unreachable'])
  })

  test('but answers something else is foreign', async () => {
    expect(await ping(await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))).toMatchObject({
      kind: 'foreign',
    })
    expect(await ping(await listen((socket) => socket.write('+HELLO\r\n')))).toMatchObject({ kind: 'foreign' })
  })

  /** Sends the same for ever, as fast as it is taken. */
  const pour = (text: string) => (socket: Socket) => {
    const junk = Buffer.alloc(1024 * 1024, text)
    const go = () => {
      while (socket.writable && socket.write(junk));
      socket.once('drain', go)
    }
    go()
  }

  test.each<[string, (socket: Socket) => void]>([
    ['drips', (socket) => void setInterval(() => socket.write('+'), 50).unref()],
    ['begins an answer without end', pour('$400000000\r\n')],
    ['announces more than there is', (socket) => void socket.write('*999999\r\n')],
    ['nests without end', pour('*1\r\n')],
  ])('and %s says something, so that nothing is restarted for its silence', async (_, talk) => {
    const state = await ping(await listen((socket) => void socket.once('data', () => talk(socket))), {}, 1_000)
    expect(state.kind).toBeOneOf(['foreign', 'closed'])
    expect(downOf(state)).toBeNull()
  })

  test('and floods is cut off long before it fills the memory', async () => {
    const flooding = await listen((socket) => {
      socket.write('$2000000000\r\n')
      pour('a')(socket)
    })
    const begun = performance.now()
    expect(await ping(flooding, {}, 20_000)).toMatchObject({ kind: 'foreign', said: expect.stringContaining('MiB') })
    expect(performance.now() - begun).toBeLessThan(15_000)
  })

  test('and writes terminal sequences is shown without them', async () => {
    const rude = await listen((socket) => socket.write('-ERR \u001b[31mred\u0007\r\n'))
    expect(await ping(rude)).toEqual({ kind: 'error', said: 'ERR red' })
  })
})

test('a host that cannot be reached is not taken for a server that is down', async () => {
  const nowhere = { settings: (change: JsonObject = {}) => ({ ...plainRedis, ...change }) }
  expect(await ping(nowhere, { host: 'no-such-host.invalid' }, 3_000)).toMatchObject({ kind: 'unreachable' })
  for (const code of ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'EMFILE']) {
    expect(stateOfFailure({ code, message: code }, false)).toMatchObject({ kind: 'unreachable' })
  }
})

test.each([
  ["READONLY You can't write against a read only replica.", 'readonly'],
  ['MISCONF Redis is configured to save RDB snapshots', 'misconf'],
  ['LOADING Redis is loading the dataset in memory', 'loading'],
  ['BUSY Redis is busy running a script.', 'busy'],
  ['BUSYGROUP is another word', 'error'],
  ['MASTERDOWN Link with MASTER is down', 'masterdown'],
  ['NOAUTH Authentication required.', 'noauth'],
  ['WRONGPASS invalid username-password pair', 'noauth'],
  ['NOPERM this user has no permissions', 'noauth'],
  ['ERR invalid password', 'noauth'],
  ['ERR max number of clients reached', 'full'],
  ['DENIED Redis is running in protected mode', 'denied'],
  ['ERR unknown command', 'error'],
  ['', 'error'],
])('the reply "%s" means %s', (text, kind) => {
  expect(stateOfReply(text)).toMatchObject({ kind })
  expect(downOf(stateOfReply(text))).toBeNull()
})

test('what was cancelled rejects instead of telling a state', async () => {
  const deaf = await listen(() => undefined)
  const settings = redisSettings.parse(deaf.settings())
  await expect(pingRedis(settings, { signal: AbortSignal.abort(new Error('stop')), answerMs: 1_000 })).rejects.toThrow(
    'stop',
  )
  const signal = AbortSignal.timeout(100)
  await expect(pingRedis(settings, { signal, answerMs: 20_000 })).rejects.toThrow(/timeout/i)
})
