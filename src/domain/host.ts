import type { Labels } from './alert.ts'
import type { Config } from './config.ts'
import type { TemplateScope } from './template.ts'

/** The configured Docker host that a place names: by host name or by one of its label values; `null` when none claims it. */
export function canonicalHost({ docker }: Pick<Config, 'docker'>, place: string): string | null {
  const byName = docker.hosts.find(({ name }) => name === place)
  const host = byName ?? docker.hosts.find(({ labelValues }) => labelValues.includes(place))
  return host?.name ?? null
}

/** Maps the host label of an alert to a configured Docker host. An unmapped value is refused, never guessed. */
export function resolveHost(config: Pick<Config, 'docker'>, labels: Labels): TemplateScope['host'] {
  const { hostLabel } = config.docker
  const value = Object.hasOwn(labels, hostLabel) ? labels[hostLabel] : undefined
  if (value === undefined || value === '') {
    return { ok: false, reason: `label "${hostLabel}", which names the host, is missing` }
  }
  const host = canonicalHost(config, value)
  if (host !== null) return { ok: true, host }
  const next = 'add it to the labelValues of a host under docker.hosts'
  return { ok: false, reason: `no host is mapped to ${hostLabel}=${JSON.stringify(value.slice(0, 100))}: ${next}` }
}
