import type { RunnerIdentity } from '../../domain/attempt.ts'
import { messageOf } from '../../engine/errors.ts'
import type { Log } from '../../engine/ports.ts'
import type { Families } from './families.ts'
import { readResidentBytes } from './process-table.ts'

export interface MemoryWatch {
  /** Calls `exceeded` once with the family's resident bytes when they pass the limit. Returns the end of the watch. */
  watch(runner: RunnerIdentity, exceeded: (bytes: number) => void): () => void
}

/** Adds up the resident memory of each watched runner and all its descendants every `everyMs`. */
export function createMemoryWatch({
  families,
  bytesMax,
  everyMs,
  log,
}: {
  families: Families
  bytesMax: number
  everyMs: number
  log: Log
}): MemoryWatch {
  const watched = new Map<string, (bytes: number) => void>()
  let timer: NodeJS.Timeout | null = null
  let looking = false

  async function look(): Promise<void> {
    if (looking) return
    looking = true
    try {
      for (const [marker, members] of (await families.census()).families) {
        const bytes = members.reduce((sum, { pid }) => sum + readResidentBytes(pid), 0)
        if (bytes > bytesMax) take(marker)?.(bytes)
      }
    } catch (error) {
      log.error({ error: messageOf(error) }, 'cannot measure the memory of runners')
    } finally {
      looking = false
    }
  }

  function take(marker: string): ((bytes: number) => void) | undefined {
    const exceeded = watched.get(marker)
    watched.delete(marker)
    if (watched.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
    return exceeded
  }

  return {
    watch(runner, exceeded) {
      watched.set(runner.marker, exceeded)
      timer ??= setInterval(() => void look(), everyMs)
      return () => void take(runner.marker)
    },
  }
}
