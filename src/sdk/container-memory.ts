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

/** Memory of a container in bytes. */
export interface MemoryUse {
  /** Without the pages that the kernel takes back when it wants to, as `docker stats` counts. */
  readonly usedBytes: number
  /** What no pressure makes less: everything but the cache of files. */
  readonly heldBytes: number
}

/** `null` where the engine does not say. */
export function memoryUseOf(memory: MemoryStats | undefined): MemoryUse | null {
  const usage = memory?.usage
  if (usage === undefined) return null
  const part = (name: string) => memory?.stats?.[`total_${name}`] ?? memory?.stats?.[name] ?? 0
  const without = (bytes: number) => (bytes < usage ? usage - bytes : usage)
  const idle = part('inactive_file')
  return { usedBytes: without(idle), heldBytes: without(idle + part('active_file')) }
}
