import { execFileSync, spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { machineMemory, processState } from '../../src/sdk/machine-memory.ts'
import { waitFor } from '../kit/wait.ts'

interface Seen {
  readonly availableBytes: number
  readonly totalBytes: number
  readonly topMemory: readonly { readonly pid: number; readonly command: string; readonly bytes: number }[]
}

test('the five largest processes of the machine are those that ps names', () => {
  const listed = () =>
    execFileSync('ps', ['-eo', 'pid=,rss='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const before = new Map(listed())
  const { topMemory, availableBytes, totalBytes } = machineMemory().machine as unknown as Seen
  const after = new Map(listed())
  expect(topMemory).toHaveLength(5)
  const smallest = topMemory.at(-1)!.bytes
  // Whoever both looks of ps call clearly larger has been passed over.
  const missed = [...before].filter(([pid, kilobytes]) => {
    const least = Math.min(kilobytes, after.get(pid) ?? 0) * 1024
    return least > smallest * 1.2 && !topMemory.some((user) => user.pid === pid)
  })
  expect(missed).toEqual([])
  expect(availableBytes).toBeGreaterThan(0)
  expect(availableBytes).toBeLessThan(totalBytes)
  expect(JSON.stringify(topMemory).length).toBeLessThan(1_000)
})

test('a process that somebody stopped shows it', async () => {
  const child = spawn('sleep', ['600'])
  onTestFinished(() => void child.kill('SIGKILL'))
  child.kill('SIGSTOP')
  await waitFor(() => processState(child.pid!).state === 'T (stopped)', { what: 'it shows' })
  expect(processState(child.pid!)).toEqual({ state: 'T (stopped)', threads: 1, bytes: expect.any(Number) })
  child.kill('SIGKILL')
  await waitFor(() => processState(child.pid!).state === null, { what: 'it is gone' })
})
