import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  /** Names the process in errors and its output file `<folder>/<name>.log`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Where the output file goes; created when missing. */
  readonly folder: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Throws or returns false until the process can be used. */
  readonly ready?: () => unknown
  readonly readyWithinMs?: number
  /** Pause between two looks at whether it is ready. */
  readonly everyMs?: number
}

export interface StartedProcess extends AsyncDisposable {
  readonly pid: number
  readonly outputFile: string
  /** Standard output and error so far; appended to across restarts. */
  output(): string
  running(): boolean
  readonly exited: Promise<Exit>
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL when that takes longer than `withinMs`. */
  stop(withinMs?: number): Promise<Exit>
  /** SIGKILL, as a crash would be. */
  kill(): Promise<Exit>
}

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

// With it the kernel ends the process even when the test runner itself is killed.
const deathSignal = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file))

/** Starts a real program and resolves once it is ready; rejects with the end of its output when it is not. */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  mkdirSync(options.folder, { recursive: true })
  const outputFile = join(options.folder, `${options.name}.log`)
  const child = launch(options, outputFile)
  const started = supervise(child, outputFile)
  try {
    await untilReady(started, options)
  } catch (cause) {
    await started.kill()
    const tail = started.output().split('\n').slice(-30).join('\n')
    throw new Error(`${options.name}: ${(cause as Error).message}\n--- ${outputFile}\n${tail}`, { cause })
  }
  return started
}

function launch({ command, args, cwd, env }: ProcessOptions, outputFile: string): ChildProcess {
  const output = openSync(outputFile, 'a')
  const [file, argv] = deathSignal
    ? [deathSignal, ['--pdeathsig', 'KILL', '--', command, ...args]]
    : [command, [...args]]
  const child = spawn(file, argv, { cwd, env: env ?? process.env, stdio: ['ignore', output, output] })
  closeSync(output)
  alive.add(child)
  return child
}

function supervise(child: ChildProcess, outputFile: string): StartedProcess {
  let exit: Exit | null = null
  const exited = new Promise<Exit>((resolve) => {
    const done = (code: number | null, signal: NodeJS.Signals | null) => {
      alive.delete(child)
      exit = { code, signal }
      resolve(exit)
    }
    child.once('exit', done)
    child.once('error', () => done(null, null))
  })
  const stop = async (withinMs = 10_000): Promise<Exit> => {
    if (exit) return exit
    child.kill('SIGTERM')
    const ended = await Promise.race([exited, pause(withinMs, null, { ref: false })])
    return ended ?? kill()
  }
  const kill = (): Promise<Exit> => {
    if (!exit) child.kill('SIGKILL')
    return exited
  }
  return {
    pid: child.pid ?? -1,
    outputFile,
    output: () => readFileSync(outputFile, 'utf8'),
    running: () => exit === null,
    exited,
    signal: (name) => void child.kill(name),
    stop,
    kill,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

async function untilReady(
  started: StartedProcess,
  { ready, readyWithinMs = 30_000, everyMs = 50 }: ProcessOptions,
): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  let last: unknown = 'no attempt yet'
  while (ready) {
    if (!started.running()) throw new Error('ended before it was ready')
    try {
      if ((await ready()) !== false) return
      last = 'it says not yet'
    } catch (cause) {
      last = cause
    }
    if (performance.now() >= deadline) throw new Error(`not ready within ${readyWithinMs} ms: ${String(last)}`)
    await pause(everyMs)
  }
}

/** Runs a program to its end and returns what it printed; never throws for a non-zero code. */
export async function runProgram(
  command: string,
  args: readonly string[],
  {
    cwd,
    env,
    input,
    timeoutMs = 60_000,
  }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(command, [...args], { cwd, env: env ?? process.env, timeout: timeoutMs, killSignal: 'SIGKILL' })
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out.stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (child.killed) out.stderr += `\nended after ${timeoutMs} ms`
      resolve({ code, ...out })
    })
  })
}
