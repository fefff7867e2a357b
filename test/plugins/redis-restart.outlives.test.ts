import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createActions } from '../../src/adapters/actions/actions.ts'
import { defaultLimits } from '../../src/domain/config.ts'
import { isRunning, startTicksOf } from '../kit/process-table.ts'
import { startRedis } from '../kit/redis.ts'
import { waitFor } from '../kit/wait.ts'

const plugins = join(import.meta.dirname, '../../plugins')
const log = { debug() {}, info() {}, warn() {}, error() {} }

// Longer than a runner, its watcher and the look at survivors take together.
const afterMs = 30_000

test('the restarted server outlives its runner, which is killed with all it started, and keeps no limit of it', async () => {
  await using redis = await startRedis()
  await redis.kill()
  const restart = { by: 'command', argv: [...redis.argv], folder: redis.folder, pidFile: redis.pidFile }
  const settingsFor = () => ({ settings: redis.settings({ restart }) })
  const actions = createActions({ limits: defaultLimits, settingsFor, log, clock: { now: Date.now }, poolSize: 1 })
  onTestFinished(() => actions.close())
  const { actions: found } = await actions.describe([plugins])
  const action = found.find(({ name }) => name === 'redis-restart')!
  const call = { action, target: 'redis/cache', params: { grace: '1s' }, now: Date.now() }
  const planned = await actions.plan(call)
  if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned))
  const runner = await actions.reserve(action)
  const intendedAt = Date.now()
  const { signal } = new AbortController()
  const times = { intendedAt, deadlineAt: intendedAt + 60_000, idempotencyKey: 'k', signal }
  expect(await runner.run({ verb: 'run', action, plan: planned.plan, ...times })).toMatchObject({ kind: 'done' })
  expect(isRunning(runner.identity.pid)).toBe(false)
  await waitFor(async () => (await redis.cli('PING')) === 'PONG', { what: 'it answers PONG' })
  const pid = redis.pid()
  const started = startTicksOf(pid)
  // As the next start of Hepar would look for what a crash left behind.
  expect(await actions.endSurvivors(runner.identity)).toEqual([])
  await pause(afterMs)
  expect({ running: isRunning(pid), started: startTicksOf(pid) }).toEqual({ running: true, started })
  expect(await redis.cli('PING')).toBe('PONG')
  const proc = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  expect(/^Max data size +(\S+) +(\S+)/m.exec(proc('limits'))?.slice(1)).toEqual(['unlimited', 'unlimited'])
  expect(proc('oom_score_adj').trim()).toBe('0')
  expect(/^Umask:\s+(\d+)/m.exec(proc('status'))?.[1]).toBe('0022')
  const verified = { action, plan: planned.plan, intendedAt, effectEndedAt: Date.now(), effectSeen: true }
  expect(await actions.verify(verified)).toMatchObject({ passed: true })
}, 120_000)
