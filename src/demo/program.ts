import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

/** Where programs of the system are found whatever PATH says. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** PATH for what the demo starts: the viewer's, and the system's own folders, which administrators have and others may lack. */
export function searchPath(path = process.env.PATH ?? ''): string {
  return path === '' ? systemPath : `${path}:${systemPath}`
}

/** The first of these programs that is on the path, by its full name; `null` when none is. */
export function findProgram(names: readonly string[], path = searchPath()): string | null {
  const places = path.split(':').filter(Boolean)
  return names.flatMap((name) => places.map((place) => join(place, name))).find(isProgram) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface ProgramStart {
  /** Names it in errors, and its log `<folder>/<name>.log`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** Gets standard output line by line; without it that goes to the log as well. */
  readonly onLine?: (line: string) => void
  /** What it gets when the demo itself is killed: SIGKILL, unless it has something of its own to end. */
  readonly farewell?: 'KILL' | 'TERM'
}

export interface Program {
  readonly pid: number
  readonly logFile: string
  running(): boolean
  /** The end of its log, for a failure. */
  lastWords(): string
  /** SIGTERM, and SIGKILL when that takes too long; gives the exit code, `null` after a signal. */
  stop(withinMs?: number): Promise<number | null>
  kill(): Promise<void>
}

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

// With it the kernel ends the program also when the demo itself is killed.
const deathSignal = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file))

/** Starts a program in a session of its own, so that ctrl-C reaches the demo alone, which then ends it in order. */
export function startProgram({
  name,
  command,
  args,
  folder,
  env = {},
  onLine,
  farewell = 'KILL',
}: ProgramStart): Program {
  const logFile = join(folder, `${name}.log`)
  const log = openSync(logFile, 'a')
  const [file, argv] = deathSignal
    ? [deathSignal, ['--pdeathsig', farewell, '--', command, ...args]]
    : [command, [...args]]
  const child = spawn(file, argv, {
    cwd: folder,
    // Nothing of the viewer's own HEPAR_ variables and tokens: the demo must be the same everywhere.
    env: { PATH: searchPath(), HOME: folder, TMPDIR: folder, ...env },
    detached: true,
    stdio: ['ignore', onLine ? 'pipe' : log, log],
  })
  closeSync(log)
  if (child.stdout && onLine) createInterface({ input: child.stdout }).on('line', onLine)
  return supervise(child, logFile)
}

function supervise(child: ChildProcess, logFile: string): Program {
  alive.add(child)
  let running = true
  const ended = new Promise<number | null>((resolve) => {
    const end = (code: number | null) => {
      running = false
      alive.delete(child)
      resolve(code)
    }
    child.once('exit', end)
    child.once('error', () => end(null))
  })
  const kill = async () => {
    if (running) child.kill('SIGKILL')
    await ended
  }
  return {
    pid: child.pid ?? -1,
    logFile,
    running: () => running,
    lastWords: () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n'),
    async stop(withinMs = 20_000) {
      if (running) child.kill('SIGTERM')
      const done = await Promise.race([ended, pause(withinMs, 'late' as const, { ref: false })])
      if (done !== 'late') return done
      await kill()
      return null
    },
    kill,
  }
}
