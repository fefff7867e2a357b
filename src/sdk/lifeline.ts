import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { ContainerInfo } from './container-engine.ts'
import type { ContainerSettings } from './container-guard.ts'

/** Why a restart would cut what Hepar itself lives by, or `null`. `sure` is false where it could not be found out. */
export async function whyLifeline(
  info: ContainerInfo,
  { lifelines, docker }: ContainerSettings,
): Promise<{ readonly reason: string; readonly sure: boolean } | null> {
  const names = namesOf(info)
  const ports = hostPortsOf(info)
  const engineHost = 'host' in docker ? docker.host : 'localhost'
  for (const { host, port, what } of lifelines) {
    if (names.has(host.toLowerCase())) return { reason: `it is "${host}", which is Hepar's own ${what}`, sure: true }
    if (!ports.some(([from, to]) => from <= port && port <= to)) continue
    const place = `it has port ${port} of its host, which on "${host}" is Hepar's own ${what}`
    const same = gatewaysOf(info).has(host) || (await sameMachine(host, engineHost))
    if (same === null) return { reason: `${place}, and whether that is the same host cannot be found out`, sure: false }
    if (same) return { reason: place, sure: true }
  }
  return null
}

function networksOf(info: ContainerInfo) {
  const networks = Object.entries(info.NetworkSettings?.Networks ?? {})
  return networks as [string, { Aliases?: string[]; DNSNames?: string[]; IPAddress?: string; Gateway?: string }][]
}

function namesOf(info: ContainerInfo): Set<string> {
  const names = new Set([info.Name.slice(1)])
  for (const [network, { Aliases, DNSNames, IPAddress }] of networksOf(info)) {
    for (const name of [info.Name.slice(1), ...(Aliases ?? []), ...(DNSNames ?? [])]) {
      names.add(name).add(`${name}.${network}`)
    }
    if (IPAddress) names.add(IPAddress)
  }
  return new Set([...names].map((name) => name.toLowerCase()))
}

function gatewaysOf(info: ContainerInfo): Set<string> {
  return new Set(networksOf(info).flatMap(([, { Gateway }]) => (Gateway ? [Gateway] : [])))
}

/** Ports of the host that lead into the container, as ranges: published now or by its configuration, or its own on the host's network. */
function hostPortsOf(info: ContainerInfo): [number, number][] {
  const published = [info.NetworkSettings?.Ports, info.HostConfig.PortBindings].flatMap((table) =>
    Object.values((table ?? {}) as Record<string, { HostPort?: string }[] | null>).flatMap(
      (bindings) => bindings ?? [],
    ),
  )
  const texts = published.map(({ HostPort }) => HostPort ?? '')
  if (info.HostConfig.NetworkMode === 'host') {
    texts.push(...Object.keys(info.Config.ExposedPorts ?? {}).map((port) => port.split('/')[0] ?? ''))
  }
  return texts.flatMap((text) => {
    const [from, to = from] = text.split('-').map(Number)
    return from ? [[from, to ?? from] as [number, number]] : []
  })
}

async function sameMachine(one: string, other: string): Promise<boolean | null> {
  if (one.toLowerCase() === other.toLowerCase()) return true
  try {
    const [ones, others] = await Promise.all([addressesOf(one), addressesOf(other)])
    return ones.some((address) => others.includes(address))
  } catch {
    return null
  }
}

const thisMachine = 'this machine'

async function addressesOf(host: string): Promise<string[]> {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (['localhost', 'host.docker.internal', '0.0.0.0', '::', hostname().toLowerCase()].includes(name))
    return [thisMachine]
  const addresses = isIP(name) ? [name] : (await lookup(name, { all: true })).map(({ address }) => address)
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  return addresses.map((address) => (own.includes(address) || address.startsWith('127.') ? thisMachine : address))
}
