import { permit } from '../domain/http-allow.ts'
import { urlTemplateProblem } from '../domain/url-template.ts'
import type { FieldValues } from '../files/read-fields.ts'
import type { Path, Report } from '../files/source-file.ts'
import { lookAt } from '../files/unreadable.ts'
import { isLoopback } from './addresses.ts'
import type { Sections } from './sections.ts'

type Values = FieldValues<Sections>
type Hosts = NonNullable<NonNullable<Values['docker']>['hosts']>
type Services = NonNullable<Values['services']>

export function checkPaths(paths: NonNullable<Values['paths']>, hosts: Hosts, report: Report): void {
  const seen = new Map<string, string>()
  for (const [host, roots] of Object.entries(paths)) {
    checkThisMachine(host, hosts, ['paths', host], report)
    for (const [index, { root }] of roots.entries()) {
      const path = ['paths', host, index, 'root']
      const before = seen.get(root)
      if (before !== undefined) report(path, `${root} is listed already, as one of ${before}`)
      seen.set(root, host)
      warnWithout('folder', root, path, report)
    }
  }
}

export function checkServices(services: Services, hosts: Hosts, report: Report): void {
  const units = new Map<string, string>()
  for (const [name, service] of Object.entries(services)) {
    const { host, unit, commands } = service ?? {}
    checkThisMachine(host ?? 'local', hosts, ['services', name, ...(host === undefined ? [] : ['host'])], report)
    const before = unit && units.get(unit)
    // Two targets for one unit would be two locks.
    if (before) report(['services', name, 'unit'], `${unit} is the unit of "${before}" already`)
    if (unit) units.set(unit, name)
    for (const [command, { file }] of Object.entries(commands ?? {})) {
      warnWithout('file', file, ['services', name, 'commands', command, 'file'], report)
    }
  }
}

/** A request that nobody may send is a mistake that should not wait for its alert. */
export function checkRequests(
  services: Services,
  allow: NonNullable<NonNullable<Values['http']>['allow']>,
  report: Report,
): void {
  for (const [name, service] of Object.entries(services)) {
    for (const [request, { url, tls }] of Object.entries(service?.requests ?? {})) {
      const path = ['services', name, 'requests', request]
      const sample = url.value.reveal().replace(/\{\{.*?\}\}/g, 'x')
      // One that cannot be read has been reported.
      if (urlTemplateProblem([sample]) !== null) continue
      const permitted = permit(sample, allow)
      if (!permitted.ok) report([...path, 'url'], permitted.reason)
      if (tls && /^http:/i.test(sample)) report([...path, 'tls'], 'has no effect on an http:// URL: use https://')
    }
  }
}

/** Files and services are touched only where Hepar runs, whatever a host is called. */
function checkThisMachine(host: string, hosts: Hosts, path: Path, report: Report): void {
  const url = Object.hasOwn(hosts, host) ? hosts[host]?.url : null
  if (!url || isLoopback(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))) return
  report(path, `docker.hosts.${host} is another machine, and Hepar touches files and services only where it runs`)
}

function warnWithout(kind: 'file' | 'folder', place: string, path: Path, report: Report): void {
  if (place === '') return
  const found = lookAt(place)
  const fits = typeof found === 'object' && (kind === 'file' ? found.isFile() : found.isDirectory())
  if (!fits) report(path, `there is no ${kind} ${place}`, { severity: 'warning' })
}
