import { readdirSync, readFileSync } from 'node:fs'

/** By the process table; a zombie is dead. */
export function isRunning(pid: number): boolean {
  return !['Z', 'X', undefined].includes(statOf(pid)[0])
}

export function startTicksOf(pid: number): string {
  return statOf(pid)[19] ?? ''
}

export function childrenOf(parent: number): number[] {
  return livingPids().filter((pid) => Number(statOf(pid)[1]) === parent)
}

export function membersOf(group: number): number[] {
  return livingPids().filter((pid) => Number(statOf(pid)[2]) === group)
}

function livingPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isRunning)
}

/** The fields of /proc/<pid>/stat from the third, the state, on; empty when there is no such process. */
function statOf(pid: number): readonly string[] {
  const text = readOrEmpty(`/proc/${pid}/stat`)
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** The command's name, as the process table has it. */
export function commandOf(pid: number): string {
  return readOrEmpty(`/proc/${pid}/comm`).trim()
}

/** Every living process with this text in its environment or command line. */
export function processesWith(text: string): number[] {
  return livingPids().filter((pid) => ['environ', 'cmdline'].some((part) => contains(`/proc/${pid}/${part}`, text)))
}

function contains(file: string, text: string): boolean {
  return readOrEmpty(file).includes(text)
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
