import { Gauge, type Registry } from 'prom-client'
import type { ContainerWatcher } from './watch-containers.ts'

/** Registers `hepar_docker_up`, `hepar_container_state` and `hepar_container_health_status`, read at each scrape. */
export function registerContainerMetrics(
  registry: Registry,
  watcher: Pick<ContainerWatcher, 'containers' | 'up'>,
): void {
  const registers = [registry]
  new Gauge({
    name: 'hepar_docker_up',
    help: '1 while the Docker engine of the host answers, else 0.',
    labelNames: ['host'],
    registers,
    collect() {
      this.reset()
      for (const { host, up } of watcher.up()) this.set({ host }, up ? 1 : 0)
    },
  })
  new Gauge({
    name: 'hepar_container_state',
    help: '1 for the state the container is in; its other states are absent.',
    labelNames: ['host', 'name', 'state'],
    registers,
    collect() {
      this.reset()
      for (const { host, name, state } of watcher.containers()) this.set({ host, name, state }, 1)
    },
  })
  new Gauge({
    name: 'hepar_container_health_status',
    help: '1 healthy, 0 unhealthy, -1 without a verdict: no health check, still starting, or not running.',
    labelNames: ['host', 'name'],
    registers,
    collect() {
      this.reset()
      for (const { host, name, health } of watcher.containers()) this.set({ host, name }, health)
    },
  })
}
