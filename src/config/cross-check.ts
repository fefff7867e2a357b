import { permit } from '../domain/http-allow.ts'
import { urlTemplateProblem } from '../domain/url-template.ts'
import type { FieldValues } from '../files/read-fields.ts'
import type { Path, Report } from '../files/source-file.ts'
import { lookAt } from '../files/unreadable.ts'
import { isLoopback } from './addresses.ts'
import type { Sections } from './sections.ts'

type Values = FieldValues<Sections>

const tokenCharactersMin = 16

/** What no single section can know. A section with problems of its own is `undefined` and not judged here. */
export function crossCheck({ sources, docker, paths, services, http, auth }: Values, report: Report): void {
  checkSources(sources ?? [], report)
  checkHosts(docker?.hosts ?? {}, report)
  checkPaths(paths ?? {}, docker?.hosts ?? {}, report)
  checkServices(services ?? {}, docker?.hosts ?? {}, report)
  checkRequests(services ?? {}, http?.allow ?? [], report)
  checkTokens(auth?.tokens ?? [], report)
}

function checkSources(sources: NonNullable<Values['sources']>, report: Report): void {
  const seen = new Set<string>()
  for (const [index, { name, alertmanagers, prometheus }] of sources.entries()) {
    if (seen.has(name)) report(['sources', index, 'name'], `there are two sources named "${name}"`)
    seen.add(name)
    if ((alertmanagers ?? []).length > 0 || prometheus) continue
    const message = `the source "${name}" cannot be asked whether an alert still fires: give it alertmanagers or prometheus`
    report(['sources', index], message, { severity: 'warning' })
  }
}

type Hosts = NonNullable<NonNullable<Values['docker']>['hosts']>

function checkHosts(hosts: Hosts, report: Report): void {
  const claims = new Map(Object.keys(hosts).map((name) => [name, name]))
  for (const [name, { labelValues }] of Object.entries(hosts)) {
    for (const [index, value] of labelValues.entries()) {
      const claimant = claims.get(value)
      if (claimant !== undefined && claimant !== name) {
        const path = ['docker', 'hosts', name, 'labelValues', index]
        report(path, `"${value}" already means the host "${claimant}": a value must mean one host`)
      }
      claims.set(value, claimant ?? name)
    }
  }
}

function checkPaths(paths: NonNullable<Values['paths']>, hosts: Hosts, report: Report): void {
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

function checkServices(services: NonNullable<Values['services']>, hosts: Hosts, report: Report): void {
  const units = new Map<string, string>()
  for (const [name, { host, unit, commands }] of Object.entries(services)) {
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
function checkRequests(
  services: NonNullable<Values['services']>,
  allow: NonNullable<NonNullable<Values['http']>['allow']>,
  report: Report,
): void {
  for (const [name, { requests }] of Object.entries(services)) {
    for (const [request, { url, tls }] of Object.entries(requests ?? {})) {
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

function checkTokens(tokens: NonNullable<NonNullable<Values['auth']>['tokens']>, report: Report): void {
  const names = new Set<string>()
  const owners = new Map<string, string>()
  for (const [index, { name, token }] of tokens.entries()) {
    const path = ['auth', 'tokens', index]
    if (names.has(name)) report([...path, 'name'], `there are two tokens named "${name}"`)
    names.add(name)
    const owner = owners.get(token.reveal())
    if (owner !== undefined) report([...path, 'token'], `is the same as the token of "${owner}": each needs its own`)
    owners.set(token.reveal(), name)
    if (token.reveal().length >= tokenCharactersMin) continue
    const advice = `is shorter than ${tokenCharactersMin} characters: make one with openssl rand -hex 32`
    report([...path, 'token'], advice, { severity: 'warning' })
  }
}
