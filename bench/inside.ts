import { readFileSync } from 'node:fs'
import { childrenOf } from '../test/kit/process-table.ts'
import type { Server } from './servers.ts'

/** The 99th percentile of the event loop's delay since this was asked last, in milliseconds, by the server's own metric. */
export async function eventLoopLagMs({ url }: Server): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = /^nodejs_eventloop_lag_p99_seconds ([\d.e+-]+)$/m.exec(text)?.[1]
  if (value === undefined) throw new Error('there is no event loop lag among the metrics')
  return Number(value) * 1_000
}

/** Bytes in memory: `rss` counts what processes share in each of them, `pss` divides it among them. */
export interface Memory {
  readonly rss: number
  readonly pss: number
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1_024
  return { rss: bytes('Rss'), pss: bytes('Pss') }
}

/** A process and everything below it. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)]
}

/** The sum over a process and everything below it. */
export function memoryOfTree(pid: number): Memory {
  return treeOf(pid)
    .map(memoryOf)
    .reduce((sum, { rss, pss }) => ({ rss: sum.rss + rss, pss: sum.pss + pss }), { rss: 0, pss: 0 })
}

/** Asks an address at an even pace from outside until it is told to stop. */
export function probe(url: string, everyMs: number): { stop(): Promise<readonly number[]> } {
  const latencies: number[] = []
  let going = true
  const done = (async () => {
    while (going) {
      const begun = performance.now()
      await (await fetch(url)).text()
      latencies.push(performance.now() - begun)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return {
    async stop() {
      going = false
      await done
      return latencies
    },
  }
}
