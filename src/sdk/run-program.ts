import { type ChildProcess, spawn } from 'node:child_process'

export interface ProgramCall {
  /** An absolute path, or a name to look for on PATH. */
  readonly file: string
  readonly args: readonly string[]
  readonly cwd?: string
  /** Goes over PATH, LC_ALL and the mark of the runner, which are all that a program gets. */
  readonly env?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** What it gets between SIGTERM and SIGKILL; with 0 it is killed at once. */
  readonly graceMs?: number
  /** Sees standard output as it comes. `false` ends the program: enough was seen. */
  readonly onOutput?: (chunk: Buffer) => boolean
}

export interface ProgramEnd {
  /** `null` for one that a signal ended. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it was ended from here, or `null`. */
  readonly stopped: 'timeout' | 'cancelled' | 'enough' | null
  /** The last of what it wrote to standard error, and to standard output unless `onOutput` sees that. */
  readonly tail: string
  readonly outputBytes: number
}

const tailBytesMax = 16 * 1024
const drainMs = 200

/** Runs a program by its arguments, without a shell and without input. Rejects only when it cannot be started. */
export async function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  const { file, args, cwd = '/', signal, timeoutMs } = call
  signal.throwIfAborted()
  const child = spawn(file, [...args], { cwd, env: environment(call.env), stdio: ['ignore', 'pipe', 'pipe'] })
  let stopped: ProgramEnd['stopped'] = null
  const stop = (why: NonNullable<ProgramEnd['stopped']>) => {
    if (stopped !== null) return
    stopped = why
    end(child, call.graceMs ?? 0)
  }
  const output = collect(child, call.onOutput, () => stop('enough'))
  const timer = setTimeout(() => stop('timeout'), timeoutMs)
  const onAbort = () => stop('cancelled')
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const ended = await endOf(child, call.onOutput === undefined)
    return { ...ended, stopped, tail: output.tail(), outputBytes: output.bytes() }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    for (const pipe of [child.stdout, child.stderr]) pipe?.destroy()
  }
}

function environment(more: ProgramCall['env']): Record<string, string> {
  const env: Record<string, string> = { PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', ...more }
  const { HEPAR_RUNNER: mark } = process.env
  // By its mark a program is found and ended when the runner is gone.
  return mark === undefined ? env : { ...env, HEPAR_RUNNER: mark }
}

function collect(child: ChildProcess, onOutput: ProgramCall['onOutput'], enough: () => void) {
  let bytes = 0
  let kept = 0
  let tail = Buffer.alloc(0)
  const keep = (chunk: Buffer) => {
    bytes += chunk.length
    kept += chunk.length
    tail = Buffer.concat([tail, chunk.subarray(-tailBytesMax)]).subarray(-tailBytesMax)
  }
  const see = (chunk: Buffer) => {
    bytes += chunk.length
    if (onOutput?.(chunk) === false) enough()
  }
  child.stdout?.on('data', onOutput === undefined ? keep : see)
  child.stderr?.on('data', keep)
  return { bytes: () => bytes, tail: () => (kept > tail.length ? wholeLines(tail) : tail).toString('utf8') }
}

/** Without the first line, of which the beginning is missing: half a secret would not be recognised as one. */
function wholeLines(tail: Buffer): Buffer {
  const newline = tail.indexOf(10)
  return tail.subarray(newline === -1 || newline === tail.length - 1 ? tail.length / 2 : newline + 1)
}

/** What an unknown program leaves running may hold its output open for ever, so that its own end counts and not theirs. */
function endOf(child: ChildProcess, mayLeaveOthers: boolean): Promise<Pick<ProgramEnd, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => (child.pid === undefined ? reject(error) : undefined))
    child.once('close', (code, signal) => resolve({ code, signal }))
    if (!mayLeaveOthers) return
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), drainMs).unref())
  })
}

function end(child: ChildProcess, graceMs: number): void {
  child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM')
  if (graceMs === 0) return
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  child.once('exit', () => clearTimeout(timer))
}
