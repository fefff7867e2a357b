import { setTimeout as pause } from 'node:timers/promises'
import { Gauge, type Registry } from 'prom-client'
import type { CleanRoot } from '../../domain/config.ts'
import { type DiskSpace, diskSpace } from '../../sdk/disk-space.ts'

const waitMs = 1_000

// A file system that hangs holds one of the few threads that all of this process's file access shares.
const hangingMax = 2

type Place = Pick<CleanRoot, 'host' | 'root'>

/** Registers `hepar_path_available_ratio`, measured at each scrape. A folder that cannot be measured is absent. */
export function registerPathMetrics(
  registry: Registry,
  places: () => readonly Place[],
  measure: (root: string) => Promise<DiskSpace> = diskSpace,
): void {
  const pending = new Set<string>()
  let measuring: Promise<ReadonlyMap<Place, DiskSpace>> | null = null

  async function measureAll(): Promise<ReadonlyMap<Place, DiskSpace>> {
    const measured = new Map<Place, DiskSpace>()
    const queue = places()
      .filter(({ root }) => !pending.has(root))
      [Symbol.iterator]()
    const work = async () => {
      for (const place of queue) {
        pending.add(place.root)
        const space = await measure(place.root).catch(() => null)
        pending.delete(place.root)
        if (space !== null) measured.set(place, space)
      }
    }
    const workers = Array.from({ length: Math.max(0, hangingMax - pending.size) }, work)
    await Promise.race([Promise.all(workers), pause(waitMs, undefined, { ref: false })])
    return new Map(measured)
  }

  new Gauge({
    name: 'hepar_path_available_ratio',
    help: 'Share of the space and of the inodes that is free on the file system of a configured folder.',
    labelNames: ['host', 'path', 'resource'],
    registers: [registry],
    async collect() {
      // Scrapes that come together share one measurement.
      measuring ??= measureAll().finally(() => {
        measuring = null
      })
      const measured = await measuring
      this.reset()
      for (const [{ host, root: path }, { bytesRatio, inodesRatio }] of measured) {
        this.set({ host, path, resource: 'bytes' }, bytesRatio)
        if (inodesRatio !== null) this.set({ host, path, resource: 'inodes' }, inodesRatio)
      }
    },
  })
}
