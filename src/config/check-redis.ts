import { didYouMean } from '../domain/suggestion.ts'
import type { FieldValues } from '../files/read-fields.ts'
import type { Report } from '../files/source-file.ts'
import type { Sections } from './sections.ts'

type Values = FieldValues<Sections>
type Services = NonNullable<Values['services']>

export function checkRedis(servers: NonNullable<Values['redis']>, hosts: readonly string[], report: Report): void {
  for (const [name, { restart }] of Object.entries(servers)) {
    if (restart?.by !== 'container' || hosts.includes(restart.host)) continue
    const message = `"${restart.host}" is not a configured Docker host${didYouMean(restart.host, hosts)}`
    report(['redis', name, 'restart', 'container'], message)
  }
}

/** What two sections name is touched by one attempt at a time, but whoever wrote it may not know that it is one thing. */
export function checkUnits(servers: NonNullable<Values['redis']>, services: Services, report: Report): void {
  for (const [name, { restart }] of Object.entries(servers)) {
    if (restart?.by !== 'unit') continue
    const [service] = Object.entries(services).find(([, service]) => service?.unit === restart.unit) ?? []
    if (service === undefined) continue
    const message = `${restart.unit} is the unit of the service "${service}", too: whichever alert comes first restarts it, and never both at a time`
    report(['redis', name, 'restart', 'unit'], message, { severity: 'warning' })
  }
}

/** `servers` is `undefined` where that section has problems of its own. */
export function checkMirrors(services: Services, servers: readonly string[] | undefined, report: Report): void {
  const owners = new Map<string, string>()
  for (const [name, service] of Object.entries(services)) {
    if (!service?.mirror) continue
    const { redis, key } = service.mirror
    const path = ['services', name, 'mirror']
    if (servers?.includes(redis) === false) {
      report([...path, 'redis'], `there is no redis.${redis}${didYouMean(redis, servers)}`)
    }
    const place = JSON.stringify([redis, key])
    const owner = owners.get(place)
    if (owner !== undefined)
      report([...path, 'key'], `is the key of the service "${owner}" already: each needs its own`)
    owners.set(place, name)
  }
}
