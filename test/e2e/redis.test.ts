import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isRunning } from '../kit/process-table.ts'
import { startRedis, type TestRedis } from '../kit/redis.ts'
import { type RedisStage, startRedisStage } from '../kit/redis-stage.ts'

// One stage for all: each test has a server of its own.
const servers: Record<string, TestRedis> = {}
let stage: RedisStage

const server = (name: string) => servers[name] as TestRedis
const isOf = (name: string) => (incident: { target: string }) => incident.target === `redis/${name}`

/** A line in a file for each start, which Hepar neither reads nor writes. */
const startsOf = (name: string) => readFileSync(join(server(name).folder, 'starts'), 'utf8').split('\n').length - 1

function byCommand(name: string) {
  const { folder, argv, pidFile } = server(name)
  const script = join(folder, 'start')
  writeFileSync(script, `#!/bin/sh\necho started >> ${folder}/starts\nexec ${argv.join(' ')}\n`, { mode: 0o755 })
  writeFileSync(join(folder, 'starts'), '')
  return { command: [script], folder, pidFile }
}

beforeAll(async () => {
  servers.dead = await startRedis()
  servers.hung = await startRedis()
  servers.wiped = await startRedis()
  servers.full = await startRedis({
    lines: ['maxmemory 30mb', 'maxmemory-policy noeviction', 'enable-debug-command yes'],
  })
  const ports = Object.entries(servers).map(([name, { port }]) => [name, { port, config: configOf(name) }])
  stage = await startRedisStage(Object.fromEntries(ports))
}, 120_000)

function configOf(name: string) {
  if (name === 'full') return { keys: ['cache:*'] }
  const restart = byCommand(name)
  if (name === 'wiped') return { role: 'master', persistence: 'none', failover: 'none', restart }
  return { role: 'standalone', restart }
}

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]()
  for (const one of Object.values(servers)) await one[Symbol.asyncDispose]()
})

const ended = (name: string, ending: string) =>
  stage.hepar.until(`${name} ${ending}`, (all) => all.some((one) => isOf(name)(one) && one.ending === ending), 180_000)

test('a Redis that died is started once, proven as a new run, and outlives a Hepar that is killed', async () => {
  const dead = server('dead')
  const before = await dead.info('run_id')
  await dead.kill()
  const incidents = await ended('dead', 'healed')
  expect(startsOf('dead')).toBe(1)
  const after = await dead.info('run_id')
  expect(after).toMatch(/^[0-9a-f]{40}$/)
  expect(after).not.toBe(before)
  const pid = dead.pid()
  const shown = JSON.stringify(await stage.hepar.incident(incidents.find(isOf('dead'))!.id))
  expect(shown).toContain(`run ${after.slice(0, 12)}`)
  expect(shown).toContain(`"started":${pid}`)
  await stage.hepar.kill()
  await stage.hepar.start()
  expect({ pid: dead.pid(), running: isRunning(pid), pong: await dead.cli('PING') }).toEqual({
    pid,
    running: true,
    pong: 'PONG',
  })
}, 240_000)

test('a Redis that hangs is ended and started once', async () => {
  const hung = server('hung')
  const old = hung.pid()
  hung.signal('SIGSTOP')
  await ended('hung', 'healed')
  expect(startsOf('hung')).toBe(1)
  expect(isRunning(old)).toBe(false)
  expect(await hung.cli('PING')).toBe('PONG')
}, 240_000)

test('a master with replicas and without persistence is not started, and the incident says why', async () => {
  await server('wiped').kill()
  const incidents = await ended('wiped', 'refused')
  expect(incidents.find(isOf('wiped'))?.reason).toMatch(/its replicas would empty themselves/)
  expect(startsOf('wiped')).toBe(0)
  expect(await server('wiped').cli('PING')).toMatch(/refused/)
}, 240_000)

test('a full Redis loses the cached keys and no others, and the pressure proves it', async () => {
  const full = server('full')
  await full.cli('DEBUG', 'POPULATE', '2750', 'cache', '10000')
  await full.cli('DEBUG', 'POPULATE', '10', 'session', '10')
  const incidents = await ended('full', 'healed')
  expect(await full.cli('DBSIZE')).toBe('10')
  const shown = JSON.stringify(await stage.hepar.incident(incidents.find(isOf('full'))!.id))
  expect(shown).toMatch(/"keys":2750/)
  expect(shown).toMatch(/"bytesFreed":\d{8}/)
}, 240_000)

test('explain foretold every delivery, and the log is whole', async () => {
  expect(await stage.foreteller.check()).toBeGreaterThan(0)
  const verified = await stage.hepar.cli('audit', 'verify', '--config', stage.hepar.configFile)
  expect(verified).toMatchObject({ code: 0 })
  expect(stage.oncall.requests).toHaveLength(0)
}, 60_000)
