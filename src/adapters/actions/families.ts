import { setImmediate } from 'node:timers/promises'
import type { RunnerIdentity } from '../../domain/attempt.ts'
import { listPids, type ProcessStat, readMarker, readStat } from './process-table.ts'

/** Which living processes belong to which runner: its session, whatever carries its marker, and their children. */
export interface Families {
  track(runner: RunnerIdentity): void
  forget(runner: RunnerIdentity): void
  /** Living members of every tracked runner, by marker. */
  census(): Promise<ReadonlyMap<string, readonly ProcessStat[]>>
}

const pidsPerTurn = 128

/** Looks at each process once and remembers to whom it belongs, so that a census costs little on a busy host. */
export function createFamilies(): Families {
  const tracked = new Map<string, RunnerIdentity>()
  const known = new Map<number, { readonly marker: string | null; readonly startTicks: string }>()
  let previous: Promise<unknown> = Promise.resolve()

  async function scan(): Promise<ReadonlyMap<string, readonly ProcessStat[]>> {
    const sessions = livingSessions(tracked)
    const families = new Map<string, ProcessStat[]>([...tracked.keys()].map((marker) => [marker, []]))
    const pids = listPids()
    forgetVanished(known, pids)
    for (const [index, pid] of pids.entries()) {
      if (index % pidsPerTurn === pidsPerTurn - 1) await setImmediate()
      const seen = known.get(pid)
      if (seen?.marker === null) continue
      const stat = readStat(pid)
      if (stat === null) continue
      const marker = seen?.startTicks === stat.startTicks ? seen.marker : ownerOf(stat, sessions, known)
      if (marker === undefined) continue
      known.set(pid, { marker, startTicks: stat.startTicks })
      if (marker !== null && stat.alive) families.get(marker)?.push(stat)
    }
    return families
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
function livingSessions(tracked: ReadonlyMap<string, RunnerIdentity>): Map<number, string> {
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

function ownerOf(
  stat: ProcessStat,
  sessions: ReadonlyMap<number, string>,
  known: ReadonlyMap<number, { readonly marker: string | null }>,
): string | null | undefined {
  if (stat.pid === process.pid || isKernelThread(stat)) return null
  return sessions.get(stat.session) ?? known.get(stat.parent)?.marker ?? readMarker(stat.pid)
}

function isKernelThread({ pid, parent }: ProcessStat): boolean {
  return pid === 2 || parent === 2
}
