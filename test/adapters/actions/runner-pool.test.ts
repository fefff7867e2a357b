import { afterAll, expect, test } from 'vitest'
import { createFamilies } from '../../../src/adapters/actions/families.ts'
import { type LiveRunner, startRunner } from '../../../src/adapters/actions/live-runner.ts'
import { createMemoryWatch } from '../../../src/adapters/actions/memory-watch.ts'
import { createRunnerPool } from '../../../src/adapters/actions/runner-pool.ts'
import { defaultLimits } from '../../../src/domain/config.ts'
import { isRunning } from '../../kit/process-table.ts'
import { recordLog, until } from './kit.ts'

const { log, logged } = recordLog()
const families = createFamilies()
const memory = createMemoryWatch({ families, bytesMax: defaultLimits.runnerMemoryBytesMax, everyMs: 100, log })
const started: LiveRunner[] = []

function start(): LiveRunner {
  const runner = startRunner({ limits: defaultLimits, families, memory, log })
  started.push(runner)
  return runner
}

afterAll(() => Promise.all(started.map((runner) => runner.end('the test is over'))))

test('a blank runner that dies is replaced, and one that is taken too', async () => {
  const pool = createRunnerPool({ size: 1, start, log })
  expect(started).toHaveLength(1)
  await started[0]?.ready
  process.kill(Number(started[0]?.identity.pid), 'SIGKILL')
  await until('another one is started', () => started.length === 2)
  expect(logged.map(({ message }) => message)).toContain('a blank runner could not be kept ready')

  expect(await pool.take()).toBe(started[1])
  await until('the next one is started ahead', () => started.length === 3)
  await pool.close()
  expect(started.filter(({ identity }) => isRunning(identity.pid))).toEqual([])
})

test('a system that cannot start processes is an error for the taker, who may try again', async () => {
  let works = false
  const flaky = () => {
    if (works) return start()
    throw new Error('no more processes')
  }
  const pool = createRunnerPool({ size: 0, start: flaky, log })
  await expect(pool.take()).rejects.toThrow('no runner could be started: no more processes')
  works = true
  const runner = await pool.take()
  expect(runner.isAlive()).toBe(true)
  await pool.close()
  await expect(pool.take()).rejects.toThrow('closed')
})
