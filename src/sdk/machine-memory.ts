import { readdirSync, readFileSync } from 'node:fs'
import type { JsonObject } from '../domain/json.ts'
import { printable } from './printable.ts'

const limits = { processesMax: 20_000, shown: 5, commandCharsMax: 40 } as const

/** A process and the memory that it holds. Its arguments are left out: they may hold secrets. */
export type MemoryUser = { readonly pid: number; readonly command: string; readonly bytes: number }

/** Those that hold the most, the largest first. */
export function largestUsers(users: readonly MemoryUser[]): readonly MemoryUser[] {
  return users.toSorted((a, b) => b.bytes - a.bytes).slice(0, limits.shown)
}

/** What a person on call would ask `top` on this machine: what memory is left, and who holds the most of it. Never throws. */
export function machineMemory(): { readonly machine: JsonObject } {
  const { MemAvailable: availableBytes = null, MemTotal: totalBytes = null } = kilobytesIn('/proc/meminfo')
  const users = processIds().flatMap((pid) => {
    const bytes = kilobytesIn(`/proc/${pid}/status`).VmRSS
    return bytes === undefined ? [] : [{ pid, command: commandOf(pid), bytes }]
  })
  return { machine: { availableBytes, totalBytes, topMemory: [...largestUsers(users)] } }
}

/** How a process is: its state as the kernel has it, such as `T (stopped)`, its threads and its memory. */
export function processState(pid: number): JsonObject {
  const status = readOrEmpty(`/proc/${pid}/status`)
  const word = (name: string) => new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(status)?.[1] ?? null
  const bytes = kilobytesIn(`/proc/${pid}/status`).VmRSS ?? null
  return { state: word('State'), threads: Number(word('Threads') ?? 0), bytes }
}

function processIds(): readonly number[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return names.slice(0, limits.processesMax).map(Number)
}

/** The lines such as `VmRSS:  1234 kB` of a file, in bytes. Of a process that is gone, none. */
function kilobytesIn(file: string): Partial<Record<string, number>> {
  const lines = readOrEmpty(file).matchAll(/^(\w+):\s+(\d+) kB$/gm)
  return Object.fromEntries([...lines].map(([, name, kilobytes]) => [name, Number(kilobytes) * 1024]))
}

function commandOf(pid: number): string {
  return printable(readOrEmpty(`/proc/${pid}/comm`), limits.commandCharsMax)
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
