import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { childrenOf } from '../kit/process-table.ts'
import type { Sample } from './trend.ts'

/** What is measured of the process, once a second. */
export const measures = ['memory', 'files', 'threads', 'processes', 'store'] as const
export type Measure = (typeof measures)[number]

/** What was measured of one life of the process: bytes resident, files open, threads, children, bytes in use in the store. */
export interface Life {
  readonly pid: number
  readonly fromMs: number
  readonly samples: Readonly<Record<Measure, Sample[]>>
}

export interface Gauge {
  /** Reads everything once, for the process that lives now. */
  look(): void
  /** Share of one core that the process itself used within the last seconds; `null` right after its start. */
  load(): number | null
  /** The same over all of its life, weighed by time. */
  meanLoad(): number
  readonly lives: readonly Life[]
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const loadWithinMs = 15_000
const staleAfterMs = 1_500

interface Work {
  readonly pid: number
  readonly atMs: number
  readonly cpuMs: number
}

export function createGauge(pidNow: () => number, storeFile: string): Gauge {
  const lives: Life[] = []
  let works: Work[] = []
  let total = { cpuMs: 0, ms: 0 }
  return {
    lives,
    look() {
      const pid = pidNow()
      const atMs = performance.now()
      const read = readProcess(pid)
      if (read === null) return
      const last = works.at(-1)
      if (last?.pid === pid) total = { cpuMs: total.cpuMs + read.cpuMs - last.cpuMs, ms: total.ms + atMs - last.atMs }
      works = [...works.filter((work) => work.pid === pid && work.atMs > atMs - loadWithinMs), { pid, atMs, ...read }]
      const life = lifeOf(pid, atMs, lives)
      const values = { ...read, processes: childrenOf(pid).length, store: bytesInUse(storeFile) }
      for (const measure of measures) {
        const value = values[measure]
        if (value !== null) life.samples[measure].push({ atMs, value })
      }
    },
    load() {
      const [first, last] = [works[0], works.at(-1)]
      // Of one that has ended nothing follows for the next.
      if (last && performance.now() - last.atMs > staleAfterMs) return null
      if (!first || !last || last.atMs - first.atMs < 1_500) return null
      return (last.cpuMs - first.cpuMs) / (last.atMs - first.atMs)
    },
    meanLoad: () => total.cpuMs / Math.max(1, total.ms),
  }
}

function lifeOf(pid: number, atMs: number, lives: Life[]): Life {
  const last = lives.at(-1)
  if (last?.pid === pid) return last
  const life = { pid, fromMs: atMs, samples: { memory: [], files: [], threads: [], processes: [], store: [] } }
  lives.push(life)
  return life
}

function readProcess(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    // One that is ending, or has ended and is not yet buried, has no memory any more.
    if (!/^VmRSS:/m.test(status)) return null
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    return {
      // User and system time are the 14th and 15th field, the state is the third.
      cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond,
      memory: field('VmRSS') * 1_024,
      threads: field('Threads'),
      files: readdirSync(`/proc/${pid}/fd`).length,
    }
  } catch {
    return null
  }
}

/** What the store holds; its file is as long as the fullest moment made it, and so says nothing of what leaks. */
function bytesInUse(file: string): number | null {
  try {
    using store = new DatabaseSync(file, { readOnly: true })
    const ask = (name: string) => Number(Object.values(store.prepare(`pragma ${name}`).get() ?? {})[0])
    return (ask('page_count') - ask('freelist_count')) * ask('page_size')
  } catch {
    // Between two lives nobody may read it.
    return null
  }
}
