import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createFamilies } from '../../../src/adapters/actions/families.ts'
import * as processTable from '../../../src/adapters/actions/process-table.ts'
import { endFamily } from '../../../src/adapters/actions/survivors.ts'
import { isRunning } from '../../kit/process-table.ts'
import { until } from './kit.ts'

/** Unlike that of any other run of these tests on this machine. */
const marker = `family-${randomUUID()}`
const runner = { pid: 999_999, startTicks: '1', bootId: processTable.readBootId(), marker }

function start(command: string, args: string[], env: Record<string, string>): ChildProcess & { pid: number } {
  const child = spawn(command, args, { detached: true, stdio: 'ignore', env })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child as ChildProcess & { pid: number }
}

const sleeper = (env: Record<string, string>) => start('/bin/sleep', ['600'], env)

test('the environment of a process that has none to show is unknown, not empty of a marker', async () => {
  const child = sleeper({ HEPAR_RUNNER: marker })
  await until('its program runs', () => processTable.readMarker(child.pid) === marker)
  expect(processTable.readMarker(sleeper({ PATH: '/bin' }).pid)).toBeOneOf([null, undefined])
  // A zombie answers as a process does that is just exchanging its program.
  const parent = start('/bin/sh', ['-c', '/bin/sleep 0 & exec /bin/sleep 600'], {})
  const children = () => processTable.listPids().filter((pid) => processTable.readStat(pid)?.parent === parent.pid)
  await until('its child is a zombie', () => children().some((pid) => processTable.readStat(pid)?.alive === false))
  expect(children().map(processTable.readMarker)).toEqual([undefined])
})

test('a process seen between two programs makes a census uncertain, and is found by the next', async () => {
  const child = sleeper({ HEPAR_RUNNER: marker })
  await until('its program runs', () => processTable.readMarker(child.pid) === marker)
  let between = true
  const readMarker = (pid: number) => (pid === child.pid && between ? undefined : processTable.readMarker(pid))
  const families = createFamilies({ ...processTable, readMarker })
  families.track(runner)
  const first = await families.census()
  expect({ members: first.families.get(marker), certain: first.certain }).toEqual({ members: [], certain: false })
  between = false
  expect((await families.census()).families.get(marker)?.map(({ pid }) => pid)).toEqual([child.pid])
})

test('a process that was given no environment casts no doubt', async () => {
  const child = sleeper({})
  await until('its program runs', () => processTable.readStat(child.pid)?.bare === true)
  const families = createFamilies({ ...processTable, listPids: () => [child.pid] })
  families.track(runner)
  expect(await families.census()).toMatchObject({ certain: true })
})

test('a family is gone only when a census that is certain finds nobody', async () => {
  const child = sleeper({ HEPAR_RUNNER: marker })
  await until('its program runs', () => processTable.readMarker(child.pid) === marker)
  let looks = 0
  const readMarker = (pid: number) => {
    if (pid === child.pid) looks += 1
    return pid === child.pid && looks <= 3 ? undefined : processTable.readMarker(pid)
  }
  const families = createFamilies({ ...processTable, readMarker })
  families.track(runner)
  expect((await endFamily(families, runner)).map(({ pid }) => pid)).toEqual([child.pid])
  expect(isRunning(child.pid)).toBe(false)
})
