import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Config, Peer } from '../../domain/config.ts'
import { dockerConnection } from '../../domain/docker-connection.ts'
import { parseTarget } from '../../domain/target.ts'
import { settingsOfActions } from './action-settings.ts'
import type { PlaceSettings, SettingsFor } from './actions.ts'
import { redisSettings } from './redis-settings.ts'

/** An address that Hepar lives by. `what` names it in a refusal. */
export interface Lifeline {
  readonly host: string
  readonly port: number
  readonly what: string
}

/**
 * What an action is told about its target: of a container every action gets the Docker host, the allow-list and what is
 * protected; of a Redis its section of the configuration; of any other kind an action gets what the configuration has for it
 * by name, and strangers only Hepar's own lifelines. Throws when a certificate cannot be read.
 */
export function createPlaceSettings(config: Config, more: readonly Lifeline[] = []): SettingsFor {
  const lifelines = [...lifelinesOf(config), ...more].map((lifeline) => ({ ...lifeline }))
  const containerIds = ownContainerIds()
  return (action, target) => {
    const reading = parseTarget(target)
    if (!reading.ok) return { unmapped: reading.reason }
    const { kind, place, name } = reading.target
    if (kind === 'container') return containersOf(place)
    if (kind === 'redis') return redisSettings(config, name, { read, containersOf })
    const found = settingsOfActions[action]?.(config, reading.target) ?? { settings: {} }
    return 'unmapped' in found ? found : { settings: { ...found.settings, lifelines } }
  }

  function containersOf(place: string | null): PlaceSettings {
    const host = config.docker.hosts.find(({ name }) => name === place)
    if (host === undefined)
      return { unmapped: `host "${place}" is not a configured Docker host: add it to docker.hosts` }
    const { allow, protect } = config.docker
    const docker = { ...dockerConnection(host, read) }
    return { settings: { host: host.name, docker, allow, protect, lifelines, self: { containerIds } } }
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

function lifelinesOf({ listen, sources }: Config): Lifeline[] {
  const peers = sources.flatMap(({ name, alertmanagers, prometheus }) => [
    ...alertmanagers.map((peer) => ({ peer, what: `Alertmanager of source "${name}"` })),
    ...(prometheus === null ? [] : [{ peer: prometheus, what: `Prometheus of source "${name}"` }]),
  ])
  return [{ ...listen, what: 'listen address' }, ...peers.map(({ peer, what }) => ({ ...addressOf(peer), what }))]
}

function addressOf({ url }: Peer): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(url)
  // A URL writes an IPv6 address in brackets, nothing else does.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }
}

export interface ContainerSigns {
  readonly cgroup: string
  readonly mountinfo: string
  readonly inContainer: boolean
  readonly hostname: string
}

/** Ids, or at least their first twelve digits, of the container this process runs in; empty outside of one. */
export function containerIdsFrom({ cgroup, mountinfo, inContainer, hostname }: ContainerSigns): string[] {
  const ids = new Set(cgroup.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [])
  for (const line of mountinfo.split('\n')) {
    const [, , , root = '', mountPoint = ''] = line.split(' ')
    // On a Docker host other containers' folders are mounted too, but never over these three files.
    if (!['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'].includes(mountPoint)) continue
    const id = /\/containers\/([0-9a-f]{64})\//.exec(root)?.[1]
    if (id !== undefined) ids.add(id)
  }
  if (inContainer && /^[0-9a-f]{12}$/.test(hostname)) ids.add(hostname)
  return [...ids]
}

function ownContainerIds(): string[] {
  return containerIdsFrom({
    cgroup: readOrEmpty('/proc/self/cgroup'),
    mountinfo: readOrEmpty('/proc/self/mountinfo'),
    inContainer: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    hostname: hostname(),
  })
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
