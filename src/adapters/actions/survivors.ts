import { setTimeout } from 'node:timers/promises'
import type { RunnerIdentity } from '../../domain/attempt.ts'
import { createFamilies, type Families } from './families.ts'
import { killNow, readBootId, readStat } from './process-table.ts'

export interface EndedProcess {
  readonly pid: number
  readonly command: string
}

const lookAgainMs = 20
const goneWithinMs = 5_000
/** A Hepar that was suspended or starved has waited without having looked: only who was asked so often does not obey. */
const looksMin = 25

/**
 * Ends what is left of a runner of this or an earlier Hepar and resolves when it is gone, with what it ended.
 * Throws when something does not die within 5 s and 25 signals: nobody may then touch its target.
 */
export async function endSurvivors(runner: RunnerIdentity): Promise<readonly EndedProcess[]> {
  if (runner.bootId !== readBootId()) return []
  const families = createFamilies()
  families.track(runner)
  return endFamily(families, runner)
}

/** The same for a runner whose family is already tracked. */
export async function endFamily(families: Families, runner: RunnerIdentity): Promise<readonly EndedProcess[]> {
  const ended = new Map<number, EndedProcess>()
  const giveUpAt = performance.now() + goneWithinMs
  for (let looks = 1; ; looks += 1) {
    const census = await families.census()
    const members = census.families.get(runner.marker) ?? []
    const late = looks > looksMin && performance.now() > giveUpAt
    if (members.length === 0 && (census.certain || late)) return [...ended.values()]
    if (late) throw new Error(stillAlive(runner, members))
    // One signal to the group outruns a plugin that forks faster than it can be listed.
    if (isSame(runner)) killNow(runner.pid, 'group')
    for (const { pid, startTicks, command } of members) {
      ended.set(pid, { pid, command })
      if (isSame({ pid, startTicks })) killNow(pid, 'process')
    }
    await setTimeout(lookAgainMs)
  }
}

function isSame({ pid, startTicks }: { pid: number; startTicks: string }): boolean {
  return readStat(pid)?.startTicks === startTicks
}

function stillAlive({ marker }: RunnerIdentity, members: readonly EndedProcess[]): string {
  const list = members.map(({ pid, command }) => `${pid} (${command})`).join(', ')
  return `processes of runner ${marker} ignore SIGKILL: ${list}. They wait in the kernel: free the device they wait for, or reboot`
}
