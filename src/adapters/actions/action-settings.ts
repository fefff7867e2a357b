import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Config, Peer, Veiled } from '../../domain/config.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import type { Target } from '../../domain/target.ts'
import type { PlaceSettings } from './actions.ts'
import { serviceSettings, tracesOf } from './service-settings.ts'

type SettingsOf = (config: Config, target: Target) => PlaceSettings

/** What the configuration has for an action by its name: only what its target needs, and no other action's secrets. */
export const settingsOfActions: Readonly<Record<string, SettingsOf>> = {
  'temp-cleanup': cleanRoot,
  command: commandsOf,
  'systemd-restart': unitOf,
  'http-request': requestsOf,
  'safe-mode': (config, { name }) => ({ settings: serviceSettings(config, name, read) }),
}

function cleanRoot({ paths, ...config }: Config, { place, name }: Target): PlaceSettings {
  const root = paths.find(({ host, root }) => host === place && root === name)
  if (root !== undefined) return { settings: { ...root, keepOut: keepOutOf(config) } }
  return { unmapped: `${name} is not a folder that may be cleaned on host "${place}": add it to paths.${place}` }
}

/** What Hepar is made of: no cleaning may reach it. */
function keepOutOf({ dataFolder, file, rules, plugins }: Omit<Config, 'paths'>): Json[] {
  const folders = [
    { path: dataFolder, what: "Hepar's data folder" },
    { path: file, what: "Hepar's configuration" },
    ...rules.map((path) => ({ path, what: "Hepar's playbooks" })),
    ...plugins.map((path) => ({ path, what: "Hepar's plugins" })),
    { path: fileURLToPath(import.meta.url), what: 'Hepar itself' },
  ]
  return folders
}

function commandsOf(config: Config, { name }: Target): PlaceSettings {
  const service = config.services.find((service) => service.name === name)
  if (service === undefined) return unknownService(name)
  const commands = service.commands.map(({ env, ...command }) => {
    return { ...command, env: env.map(({ name, value }) => ({ name, value: value.reveal() })) } as unknown as Json
  })
  return { settings: { service: name, host: service.host, ...tracesOf(service), commands } }
}

function requestsOf({ services, http }: Config, { name }: Target): PlaceSettings {
  const service = services.find((service) => service.name === name)
  if (service === undefined) return unknownService(name)
  const requests = service.requests.map(({ url, headers, body, tls, ...request }) => ({
    ...request,
    url: unveiled(url),
    headers: headers.map(({ name, ...header }) => ({ name, ...unveiled(header) })),
    body: body && unveiled(body),
    tls: tls ? certificatesOf(tls) : null,
  }))
  return { settings: { service: name, ...tracesOf(service), allow: http.allow, requests } as unknown as JsonObject }
}

function unveiled<Shown>({ value, shown }: Veiled<Shown>) {
  return { value: value.reveal(), shown }
}

function certificatesOf({ ca, cert, key, serverName }: NonNullable<Peer['tls']>) {
  const pem = (file: string | undefined) => (file === undefined ? null : read(file))
  return { ca: pem(ca), cert: pem(cert), key: pem(key), serverName: serverName ?? null }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

function unitOf(config: Config, { name }: Target): PlaceSettings {
  const service = config.services.find((service) => service.name === name)
  if (service === undefined) return unknownService(name)
  if (service.unit === null) return { unmapped: `no unit of "${name}" may be restarted: add services.${name}.unit` }
  return { settings: { service: name, host: service.host, unit: service.unit } }
}

function unknownService(name: string): PlaceSettings {
  return { unmapped: `"${name}" is not a service that may be touched: add it to services` }
}
