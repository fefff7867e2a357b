import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createFamilies } from '../../../src/adapters/actions/families.ts'
import { endFamily, endSurvivors } from '../../../src/adapters/actions/survivors.ts'
import type { RunnerIdentity } from '../../../src/domain/attempt.ts'
import { childrenOf, isRunning, membersOf, processesWith, startTicksOf } from '../../kit/process-table.ts'
import { fixtures, readPids, until } from './kit.ts'

const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

let folder: string
let mine: number[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hepar-survivors-'))
  mine = []
})
afterEach(() => {
  for (const pid of mine) if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true })
})

function startSleeper(environment: Record<string, string> = {}): number {
  const env = { PATH: process.env.PATH, ...environment }
  const { pid } = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env })
  if (pid === undefined) throw new Error('sleep did not start')
  mine.push(pid)
  return pid
}

/** A Hepar of its own, killed while its plugin is busy or sleeps. Returns its runner and all processes it had started. */
async function killHepar(way: string): Promise<{ identity: RunnerIdentity; started: readonly number[] }> {
  const script = join(fixtures, 'hepar-with-effect.ts')
  const hepar = spawn(process.execPath, [script, folder, way], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (hepar.pid === undefined) throw new Error('Hepar did not start')
  mine.push(hepar.pid)
  const [line] = await once(createInterface(hepar.stdout), 'line')
  const identity = JSON.parse(String(line)) as RunnerIdentity
  const children = () => readPids(join(folder, 'children'))
  await until('the effect has left its children', () => children().length === 3, 20_000)
  mine.push(identity.pid, ...children())
  await until('blank runners are ready again', () => childrenOf(Number(hepar.pid)).length > 2, 20_000)
  const runners = childrenOf(hepar.pid)
  expect(runners).toContain(identity.pid)
  const started = [...runners, ...runners.flatMap(membersOf), ...children()]
  mine.push(...started)
  hepar.kill('SIGKILL')
  await once(hepar, 'exit')
  return { identity, started }
}

describe('kill -9 of Hepar', () => {
  test.each(['child-and-loop', 'child-and-sleep'])(
    'ends its runners, blank ones too, with all they started (%s)',
    { timeout: 60_000 },
    async (way) => {
      const { identity, started } = await killHepar(way)
      const gone = () => !started.some(isRunning)
      await until('they are gone', gone)
      expect(processesWith(identity.marker)).toEqual([])
    },
  )
})

describe('what is left of a runner', () => {
  test('is ended by pid and start time, and by its marker', async () => {
    const marker = randomUUID()
    const leader = startSleeper()
    const daemon = startSleeper({ HEPAR_RUNNER: marker })
    const identity = { pid: leader, startTicks: startTicksOf(leader), bootId, marker }
    const ended = await endSurvivors(identity)
    expect(ended.map(({ pid }) => pid).sort()).toEqual([leader, daemon].sort())
    expect(ended[0]?.command).toBe('sleep')
    expect([leader, daemon].filter(isRunning)).toEqual([])
    expect(await endSurvivors(identity)).toEqual([])
  })

  test('is ended by a Hepar that was suspended in the middle of it, too, which says nothing about who obeys', async () => {
    const marker = randomUUID()
    const daemon = startSleeper({ HEPAR_RUNNER: marker })
    const identity = { pid: daemon, startTicks: startTicksOf(daemon), bootId, marker }
    const families = createFamilies()
    families.track(identity)
    let suspendedMs = 0
    const { now } = performance
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + suspendedMs)
    onTestFinished(() => void vi.restoreAllMocks())
    const census = async () => {
      const seen = await families.census()
      suspendedMs += 60_000
      return seen
    }
    const ended = await endFamily({ ...families, census }, identity)
    expect(ended.map(({ pid }) => pid)).toEqual([daemon])
    expect(isRunning(daemon)).toBe(false)
  })

  test('is never a stranger: not one with its pid, not one with a like marker, not after another boot', async () => {
    const marker = randomUUID()
    const stranger = startSleeper({
      HEPAR_RUNNER: `${marker}0`,
      OTHER_HEPAR_RUNNER: marker,
      NOTE: `HEPAR_RUNNER=${marker}`,
    })
    const ticks = String(Number(startTicksOf(stranger)) - 1)
    expect(await endSurvivors({ pid: stranger, startTicks: ticks, bootId, marker })).toEqual([])
    const right = { pid: stranger, startTicks: startTicksOf(stranger), marker }
    expect(await endSurvivors({ ...right, bootId: randomUUID() })).toEqual([])
    expect(isRunning(stranger)).toBe(true)
  })
})
