import { readFileSync } from 'node:fs'
import { printable } from './printable.ts'
import { type ProgramEnd, runProgram } from './run-program.ts'

/** What systemd says about a unit. Texts are as `systemctl show` writes them, empty where it says nothing. */
export interface UnitState {
  /** Its own name, which an alias leads to. */
  readonly id: string
  readonly load: string
  readonly active: string
  readonly sub: string
  readonly result: string
  /** Which of its runs this is, or was the last. */
  readonly invocation: string
  readonly mainPid: number
  /** How often systemd itself has started it again since it was last started. */
  readonly restarts: number
  /** When it became active, in microseconds of the monotonic clock; 0 for never. */
  readonly activeSinceUs: number
  readonly controlGroup: string
  /** What all its processes use; `null` where systemd does not count. */
  readonly memoryBytes: number | null
  readonly tasks: number | null
  /** How its main process ended the last time. */
  readonly exitCode: number | null
}

const properties = {
  id: 'Id',
  load: 'LoadState',
  active: 'ActiveState',
  sub: 'SubState',
  result: 'Result',
  invocation: 'InvocationID',
  mainPid: 'MainPID',
  restarts: 'NRestarts',
  activeSinceUs: 'ActiveEnterTimestampMonotonic',
  controlGroup: 'ControlGroup',
  memory: 'MemoryCurrent',
  tasks: 'TasksCurrent',
  exitCode: 'ExecMainStatus',
} as const

const showMsMax = 5_000
const charsMax = 300
const chunksMax = 1_000

/** Asks systemd about a unit. Throws when it does not answer. */
export async function showUnit(unit: string, signal: AbortSignal): Promise<UnitState> {
  const [state] = await showUnits([unit], signal)
  return state as UnitState
}

/** Asks systemd about several units at once; in their order. Throws when it does not answer about each. */
export async function showUnits(units: readonly string[], signal: AbortSignal): Promise<readonly UnitState[]> {
  const names = Object.values(properties).join(',')
  const args = ['--no-ask-password', 'show', `--property=${names}`, '--', ...units]
  const text: Buffer[] = []
  const onOutput = (chunk: Buffer) => text.push(chunk) < chunksMax
  const ended = await ask({ file: 'systemctl', args, signal, timeoutMs: showMsMax, onOutput })
  const blocks = Buffer.concat(text).toString('utf8').trim().split('\n\n')
  if (ended.code === 0 && blocks.length === units.length) return blocks.map(readState)
  throw new Error(`systemctl cannot tell about ${units.join(', ')}: ${wordsOf(ended)}`)
}

function readState(text: string): UnitState {
  const pairs = text
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
  const values = new Map(pairs)
  const word = (name: keyof typeof properties) => printable(values.get(properties[name]) ?? '', charsMax)
  const number = (name: keyof typeof properties) => Number(/^\d+$/.exec(word(name))?.[0] ?? 0)
  const [mainPid, restarts, activeSinceUs] = [number('mainPid'), number('restarts'), number('activeSinceUs')]
  // What it does not count it writes as [not set], or as the largest number that there is.
  const counted = (name: keyof typeof properties) => {
    const value = /^\d{1,15}$/.exec(word(name))?.[0]
    return value === undefined ? null : Number(value)
  }
  return {
    id: word('id'),
    load: word('load'),
    active: word('active'),
    sub: word('sub'),
    result: word('result'),
    invocation: word('invocation'),
    mainPid,
    restarts,
    activeSinceUs,
    controlGroup: word('controlGroup'),
    memoryBytes: counted('memory'),
    tasks: counted('tasks'),
    exitCode: counted('exitCode'),
  }
}

/** Restarts a unit and waits for systemd to say how that ended. */
export function restartUnit(unit: string, signal: AbortSignal, timeoutMs: number): Promise<ProgramEnd> {
  return ask({ file: 'systemctl', args: ['--no-ask-password', 'restart', '--', unit], signal, timeoutMs, graceMs: 500 })
}

async function ask(call: Parameters<typeof runProgram>[0]): Promise<ProgramEnd> {
  try {
    return await runProgram(call)
  } catch (error) {
    call.signal.throwIfAborted()
    throw new Error(`there is no systemctl (${(error as Error).message}): does systemd run on this machine?`, {
      cause: error,
    })
  }
}

/** What it said last, in one line. */
export function wordsOf({ code, signal, stopped, tail }: ProgramEnd): string {
  const end = stopped === 'timeout' ? 'it did not end in time' : code === null ? `ended by ${signal}` : `code ${code}`
  return printable(tail, charsMax) || end
}

/** What an attempt on a unit holds, whatever its target is called. */
export function unitObject(unit: string): string {
  return `unit/${unit}`
}

/** Whether this process, or one above it, is run by that unit. */
export function isOwnUnit({ mainPid, controlGroup }: UnitState): boolean {
  if (mainPid !== 0 && ancestors().includes(mainPid)) return true
  if (controlGroup === '' || controlGroup === '/') return false
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'))
  return own.some((group) => group === controlGroup || group.startsWith(`${controlGroup}/`))
}

function ancestors(): readonly number[] {
  const found: number[] = []
  for (let pid = process.pid; pid > 1 && !found.includes(pid); pid = parentOf(pid)) found.push(pid)
  return found
}

function parentOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}
