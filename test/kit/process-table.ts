import { readdirSync, readFileSync } from 'node:fs'

/** Numbers that were written down line by line; empty when nobody wrote any. */
export function readPids(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

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
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** Every living process with this text in its environment or command line. */
export function processesWith(text: string): number[] {
  return livingPids().filter((pid) => ['environ', 'cmdline'].some((part) => contains(`/proc/${pid}/${part}`, text)))
}

function contains(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes(text)
  } catch {
    return false
  }
}
