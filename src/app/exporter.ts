import type { Config } from '../domain/config.ts'

/** A watcher that can be exchanged for one of another configuration. */
interface Watcher<C, U> {
  containers(): readonly C[]
  up(): readonly U[]
  close(): Promise<void>
}

type Wanted = {
  readonly hosts: Config['docker']['hosts']
  readonly containersMax: number
  readonly include: readonly string[]
}

/** Follows the Docker hosts of the configuration in force; a reload that does not touch them does not disturb it. */
export function createExporter<C, U>(first: Config, watch: (wanted: Wanted) => Watcher<C, U>) {
  let wanted = wantedBy(first)
  let watcher = watch(wanted)
  return {
    containers: () => watcher.containers(),
    up: () => watcher.up(),
    async follow(config: Config): Promise<void> {
      const next = wantedBy(config)
      if (JSON.stringify(next) === JSON.stringify(wanted)) return
      const old = watcher
      wanted = next
      watcher = watch(next)
      await old.close()
    },
    close: () => watcher.close(),
  }
}

function wantedBy({ docker: { hosts, exporter } }: Config): Wanted {
  const { enabled, containersMax, include } = exporter
  return { hosts: enabled ? hosts : [], containersMax, include }
}
