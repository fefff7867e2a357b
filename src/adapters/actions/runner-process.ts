import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { getCompileCacheDir } from 'node:module'
import { extname } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { RunnerIdentity } from '../../domain/attempt.ts'
import { markerVariable, readBootId, readStat } from './process-table.ts'
import { runnerLimits } from './runner-limits.ts'

/** A spawned runner: who it is and the ends of its pipes. */
export interface Spawned {
  readonly child: ChildProcess
  readonly identity: RunnerIdentity
  readonly channel: Duplex
  readonly outputs: readonly [Readable, Readable]
  /** Ends the watcher, and with it the group, when it closes: the kernel does so when Hepar dies. */
  readonly lifeline: Duplex
}

/*
 * The shell leaves a watcher in the runner's group and then becomes Node. The watcher blocks on the lifeline, whose
 * other end only Hepar holds, so that no event loop that is busy and no crash can keep it from ending the group.
 * It has no marker in its own environment, or it would find and end itself before it has ended the others. It looks for them
 * twice, because a process shows no environment while it exchanges its program.
 */
const script = `
umask 077
ulimit -c 0
{
  ulimit -S -d "$1"
  echo 1000 >/proc/self/oom_score_adj
} 2>/dev/null
marker=$2
shift 2
(
  trap '' HUP INT QUIT PIPE TERM
  trap 'kill -9 0' EXIT
  read -r _ <&3
  kill -9 $$
  for look in 1 2; do
    for file in $(grep -lsF "${markerVariable}=$marker" /proc/[0-9]*/environ); do
      pid=\${file#/proc/}
      kill -9 "\${pid%/environ}"
    done
  done
) >/dev/null 2>&1 4<&- &
export ${markerVariable}="$marker"
exec "$@" 3<&-
`

const runnerFile = fileURLToPath(new URL(`./runner${extname(import.meta.url)}`, import.meta.url))
const passedOn = ['PATH', 'TZ', 'LANG', 'LC_ALL'] as const

/** Starts a runner in a session of its own. Throws when the system cannot. */
export function spawnRunner(memoryBytesMax: number): Spawned {
  const marker = randomUUID()
  const addressKiB = Math.ceil((memoryBytesMax + runnerLimits.addressSpareBytes) / 1024)
  const heapMiB = Math.ceil(memoryBytesMax / (1024 * 1024))
  const command = [process.execPath, `--max-old-space-size=${heapMiB}`, runnerFile, getCompileCacheDir() ?? '']
  const child = spawn('/bin/sh', ['-c', script, 'hepar-runner', String(addressKiB), marker, ...command], {
    cwd: '/',
    detached: true,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  // A failed start shows in the missing pid.
  child.on('error', () => undefined)
  const stat = child.pid === undefined ? null : readStat(child.pid)
  if (stat === null) {
    throw new Error('cannot start a runner with /bin/sh: look at the limits on processes and open files')
  }
  const [, stdout, stderr, lifeline, channel] = child.stdio as unknown as [null, Readable, Readable, Duplex, Duplex]
  // A reset pipe is no news: the exit of the process is what counts.
  for (const pipe of [stdout, stderr, lifeline, channel]) pipe.on('error', () => undefined)
  return {
    child,
    identity: { pid: stat.pid, startTicks: stat.startTicks, bootId: readBootId(), marker },
    channel,
    outputs: [stdout, stderr],
    lifeline,
  }
}

function environment(): Record<string, string> {
  const entries = passedOn.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}
