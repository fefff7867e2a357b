import { setImmediate } from 'node:timers/promises'
import type { RunnerIdentity } from '../../domain/attempt.ts'
import type { ProcessStat } from './process-table.ts'
import * as processTable from './process-table.ts'

export interface Census {
  /** Living members of every tracked runner, by marker. */
  readonly families: ReadonlyMap<string, readonly ProcessStat[]>
  /** False when some process was looked at while it exchanged its program: it may belong to any of them. */
  readonly certain: boolean
}

/** Which living processes belong to which runner: its session, whatever carries its marker, and their children. */
export interface Families {
  track(runner: RunnerIdentity): void
  forget(runner: RunnerIdentity): void
  census(): Promise<Census>
}

type ProcessTable = Pick<typeof processTable, 'listPids' | 'readStat' | 'readMarker' | 'readOutlives'>

const pidsPerTurn = 128

/** Looks at each process once and remembers to whom it belongs, so that a census costs little on a busy host. */
export function createFamilies({
  listPids,
  readStat,
  readMarker,
  readOutlives,
}: ProcessTable = processTable): Families {
  const tracked = new Map<string, RunnerIdentity>()
  const known = new Map<number, { readonly marker: string | null; readonly startTicks: string }>()
  let previous: Promise<unknown> = Promise.resolve()

  async function scan(): Promise<Census> {
    const sessions = livingSessions(tracked, readStat)
    let certain = true
    const families = new Map<string, ProcessStat[]>([...tracked.keys()].map((marker) => [marker, []]))
    const pids = listPids()
    forgetVanished(known, pids)
    for (const [index, pid] of pids.entries()) {
      if (index % pidsPerTurn === pidsPerTurn - 1) await setImmediate()
      if (known.get(pid)?.marker === null) continue
      const stat = readStat(pid)
      if (stat === null) continue
      const marker = ownerOf(stat, sessions)
      if (marker === undefined) certain &&= !isBetweenPrograms(pid)
      else known.set(pid, { marker, startTicks: stat.startTicks })
      if (typeof marker === 'string' && stat.alive) families.get(marker)?.push(stat)
    }
    return { families, certain }
  }

  /** `undefined` while nobody can tell. */
  function ownerOf(stat: ProcessStat, sessions: ReadonlyMap<number, string>): string | null | undefined {
    const seen = known.get(stat.pid)
    // What was seen as a runner's child may since have become what is meant to outlive it.
    if (seen?.startTicks === stat.startTicks) return readOutlives(stat.pid) ? null : seen.marker
    if (isStranger(stat)) return null
    if (sessions.has(stat.session)) return sessions.get(stat.session)
    const parents = known.get(stat.parent)?.marker ?? null
    if (parents === null) return readMarker(stat.pid)
    const outlives = readOutlives(stat.pid)
    // A child that is looked at while it exchanges its program must not be taken for family for good.
    if (outlives === undefined && stat.alive && !stat.bare) return undefined
    return outlives ? null : parents
  }

  /** Looks once more at what did not show its environment: the dead have none, and a bare process was given none. */
  function isBetweenPrograms(pid: number): boolean {
    const stat = readStat(pid)
    return stat?.alive === true && !stat.bare
  }

  return {
    track: (runner) => {
      // What was known when nobody looked may since have become another process under the same pid.
      if (tracked.size === 0) known.clear()
      known.delete(runner.pid)
      tracked.set(runner.marker, runner)
    },
    forget: (runner) => {
      tracked.delete(runner.marker)
    },
    census: () => {
      const next = previous.then(scan)
      previous = next.catch(() => undefined)
      return next
    },
  }
}

/** A session number proves kinship only while its leader lives: afterwards the number may be a stranger's. */
function livingSessions(
  tracked: ReadonlyMap<string, RunnerIdentity>,
  readStat: ProcessTable['readStat'],
): Map<number, string> {
  const sessions = new Map<number, string>()
  for (const [marker, { pid, startTicks }] of tracked) {
    if (readStat(pid)?.startTicks === startTicks) sessions.set(pid, marker)
  }
  return sessions
}

function forgetVanished(known: Map<number, unknown>, pids: readonly number[]): void {
  const present = new Set(pids)
  for (const pid of known.keys()) if (!present.has(pid)) known.delete(pid)
}

function isStranger({ pid, parent }: ProcessStat): boolean {
  const isKernelThread = pid === 2 || parent === 2
  return pid === process.pid || isKernelThread
}
