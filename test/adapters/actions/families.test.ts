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

test('a child that is born to outlive its runner is no family, however early it is seen; one seen between two programs is asked again', async () => {
  const parent = start('/bin/sh', ['-c', '/bin/sleep 600 & exec /bin/sleep 600'], { HEPAR_RUNNER: marker })
  const children = () => processTable.listPids().filter((pid) => processTable.readStat(pid)?.parent === parent.pid)
  await until('it has a child', () => children().length === 1)
  const [child] = children() as [number]
  onTestFinished(() => processTable.killNow(child, 'process'))
  let outlives: boolean | undefined
  const readOutlives = (pid: number) => (pid === child ? outlives : processTable.readOutlives(pid))
  const listPids = () => [parent.pid, child]
  const families = createFamilies({ ...processTable, listPids, readOutlives })
  families.track(runner)
  const members = async () => (await families.census()).families.get(marker)?.map(({ pid }) => pid)
  expect(await members()).toEqual([parent.pid])
  outlives = false
  expect(await members()).toEqual([parent.pid, child])
  outlives = true
  expect(await members()).toEqual([parent.pid])
  const early = createFamilies({ ...processTable, listPids, readOutlives })
  early.track(runner)
  expect((await early.census()).families.get(marker)?.map(({ pid }) => pid)).toEqual([parent.pid])
})

test('what outlives its runner says so in its environment', async () => {
  const child = sleeper({ HEPAR_OUTLIVES: '1' })
  await until('its program runs', () => processTable.readOutlives(child.pid) === true)
  const other = sleeper({ PATH: '/bin' })
  await until('its program runs', () => processTable.readOutlives(other.pid) === false)
  expect(processTable.readOutlives(999_999_999)).toBeUndefined()
})
