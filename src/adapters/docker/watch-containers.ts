import type { DockerHost } from '../../domain/config.ts'
import { matchesPlace } from '../../domain/place-glob.ts'
import type { Log } from '../../engine/ports.ts'
import { createDockerClient } from './client.ts'
import type { ContainerSample } from './container-sample.ts'
import { type WatchTiming, watchHost } from './watch-host.ts'

export interface WatchedContainer extends ContainerSample {
  readonly host: string
}

/** What is known of the containers of every host at this moment. */
export interface ContainerWatcher {
  /** Sorted by host and name, filtered and capped; those of a host that does not answer are absent. */
  containers(): readonly WatchedContainer[]
  up(): readonly { readonly host: string; readonly up: boolean }[]
  close(): Promise<void>
}

const defaultTiming: WatchTiming = {
  relistEveryMs: 60_000,
  pingEveryMs: 5_000,
  answerWithinMs: 5_000,
  gatherMs: 100,
  recheckMs: 1_000,
  backoffMinMs: 500,
  backoffMaxMs: 30_000,
}

/** Begins to follow the engines of these hosts. `include` are globs over `<host>/<name>`. Never throws later on. */
export function watchContainers({
  hosts,
  containersMax,
  include,
  log,
  timing = {},
}: {
  readonly hosts: readonly DockerHost[]
  readonly containersMax: number
  readonly include: readonly string[]
  readonly log: Log
  readonly timing?: Partial<WatchTiming>
}): ContainerWatcher {
  const times = { ...defaultTiming, ...timing }
  const watches = hosts.map((host) => ({
    host: host.name,
    watch: watchHost(host.name, () => createDockerClient(host), log, times),
  }))
  let overMax = false
  return {
    containers() {
      const all = watches
        .flatMap(({ host, watch }) => [...(watch.containers()?.values() ?? [])].map((sample) => ({ host, ...sample })))
        .filter(({ host, name }) => include.some((glob) => matchesPlace(glob, host, name)))
        .sort((a, b) => compare(a.host, b.host) || compare(a.name, b.name))
      if (all.length > containersMax && !overMax) {
        log.warn({ containers: all.length, containersMax }, 'more containers than docker.exporter.containersMax')
      }
      overMax = all.length > containersMax
      return all.slice(0, containersMax)
    },
    up: () => watches.map(({ host, watch }) => ({ host, up: watch.containers() !== null })),
    async close() {
      await Promise.all(watches.map(({ watch }) => watch.close()))
    },
  }
}

// Code units, not the locale: which containers a cap leaves out must not depend on the machine.
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
