import type { MemoryUser } from './machine-memory.ts'

const processesMax = 10_000

/** What `docker top` answers to `ps -eo pid,rss,comm`: the resident memory is in kilobytes. */
export function readProcesses({ Processes }: { readonly Processes?: unknown }): readonly MemoryUser[] {
  if (!Array.isArray(Processes)) return []
  return Processes.slice(0, processesMax).flatMap((row: unknown) => {
    if (!Array.isArray(row)) return []
    const [pid, kilobytes, ...command] = row.map(String)
    if (!/^\d+$/.test(pid ?? '') || !/^\d+$/.test(kilobytes ?? '')) return []
    return [{ pid: Number(pid), command: command.join(' '), bytes: Number(kilobytes) * 1024 }]
  })
}

interface MemoryStats {
  readonly usage?: number
  readonly stats?: Readonly<Record<string, number>>
}

/** What a container uses without the pages that the kernel takes back when it wants to, as `docker stats` counts. */
export function usedBytesOf(memory: MemoryStats | undefined): number | null {
  if (memory?.usage === undefined) return null
  const idle = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0
  return idle < memory.usage ? memory.usage - idle : memory.usage
}
