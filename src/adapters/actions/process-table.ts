import { readdirSync, readFileSync } from 'node:fs'
import { outlivingVariable } from '../../sdk/outliving.ts'

/** One line of the process table. `startTicks` is field 22 of /proc/<pid>/stat, in clock ticks since boot. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly session: number
  readonly startTicks: string
  readonly command: string
  /** False for a zombie: it holds a pid and nothing else. */
  readonly alive: boolean
  /** True for a process that was started with an empty environment, and not while it exchanges its program. */
  readonly bare: boolean
}

/** The name under which a runner's marker stands in the environment of everything it starts. */
export const markerVariable = 'HEPAR_RUNNER'

export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** `null` when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  // The command stands in parentheses and may itself contain parentheses and spaces.
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  return {
    pid,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: fields[19] ?? '',
    command: text.slice(text.indexOf('(') + 1, end),
    alive: fields[0] !== 'Z' && fields[0] !== 'X',
    bare: fields[47] === fields[48] && fields[48] !== '0',
  }
}

/**
 * The marker in a process's environment, `null` without one or when it is another user's, `undefined` while nobody can tell:
 * between two programs (exec), without an environment, or gone.
 */
export function readMarker(pid: number): string | null | undefined {
  const variables = readVariables(pid)
  if (!variables) return variables
  const prefix = `${markerVariable}=`
  const entry = variables.find((line) => line.startsWith(prefix))
  return entry === undefined ? null : entry.slice(prefix.length)
}

/** Whether a process was born to outlive its runner; `undefined` while nobody can tell. */
export function readOutlives(pid: number): boolean | undefined {
  const variables = readVariables(pid)
  return variables === null ? false : variables?.some((line) => line.startsWith(`${outlivingVariable}=`))
}

/** The environment a process was started with: `null` when it is another user's, `undefined` while there is none to see. */
function readVariables(pid: number): readonly string[] | null | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/environ`, 'utf8')
    return text === '' ? undefined : text.split('\0')
  } catch (error) {
    // The kernel says ESRCH also of a living process that is just exchanging its program.
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') ? null : undefined
  }
}

/** Resident memory in bytes; 0 for a process that is gone. */
export function readResidentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')
  return Number(match?.[1] ?? 0) * 1024
}

/** Sends SIGKILL to a process, or to its whole group; says nothing when it is gone. */
export function killNow(pid: number, scope: 'process' | 'group'): void {
  try {
    process.kill(scope === 'group' ? -pid : pid, 'SIGKILL')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Gone, or another user's: in both cases nothing of ours.
    return null
  }
}
