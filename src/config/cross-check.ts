import { hash } from 'node:crypto'
import { didYouMean } from '../domain/suggestion.ts'
import { hashedPrefix } from '../domain/token.ts'
import type { FieldValues } from '../files/read-fields.ts'
import type { Report } from '../files/source-file.ts'
import { checkPaths, checkRequests, checkServices } from './check-machine.ts'
import { checkMirrors, checkRedis, checkUnits } from './check-redis.ts'
import type { Sections } from './sections.ts'
import { checkListenerTls } from './tls.ts'

type Values = FieldValues<Sections>

/** Guesses at the token of Alertmanager are not slowed down, or others could lock it out. */
const tokenCharactersMin = 16

/** What no single section can know. A section with problems of its own is `undefined` and not judged here. */
export function crossCheck(values: Values, report: Report): void {
  const { sources, docker, redis, paths, services, http, auth, notify, announce, maintenance } = values
  const hosts = docker?.hosts ?? {}
  checkListenerTls(values.tls, report)
  checkSources(sources ?? [], report)
  checkHosts(hosts, report)
  checkRedis(redis ?? {}, Object.keys(docker?.hosts ?? { local: null }), report)
  checkPaths(paths ?? {}, hosts, report)
  checkServices(services ?? {}, hosts, report)
  checkRequests(services ?? {}, http?.allow ?? [], report)
  checkUnits(redis ?? {}, services ?? {}, report)
  checkMirrors(services ?? {}, redis && Object.keys(redis), report)
  checkTokens(auth?.tokens ?? [], report)
  checkWindows(maintenance ?? [], report)
  checkAnnounce(announce ?? [], Object.keys(notify ?? {}), report)
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

function checkTokens(tokens: NonNullable<NonNullable<Values['auth']>['tokens']>, report: Report): void {
  const names = new Set<string>()
  const owners = new Map<string, string>()
  for (const [index, { name, token, expiresAt = null }] of tokens.entries()) {
    const path = ['auth', 'tokens', index]
    if (names.has(name)) report([...path, 'name'], `there are two tokens named "${name}"`)
    names.add(name)
    const owner = owners.get(digestOf(token.reveal()))
    if (owner !== undefined) report([...path, 'token'], `is the same as the token of "${owner}": each needs its own`)
    owners.set(digestOf(token.reveal()), name)
    if (expiresAt !== null && expiresAt <= Date.now()) {
      report([...path, 'expires'], 'is over: nobody is let in with it any more', { severity: 'warning' })
    }
    if (token.reveal().length >= tokenCharactersMin) continue
    report([...path, 'token'], `is shorter than ${tokenCharactersMin} characters: make one with openssl rand -hex 32`)
  }
}

function digestOf(token: string): string {
  return token.startsWith(hashedPrefix) ? token : hashedPrefix + hash('sha256', token, 'hex')
}

function checkWindows(windows: NonNullable<Values['maintenance']>, report: Report): void {
  const seen = new Set<string>()
  for (const [index, { name }] of windows.entries()) {
    if (seen.has(name)) report(['maintenance', index, 'name'], `there are two windows named "${name}"`)
    seen.add(name)
  }
}

function checkAnnounce(announce: readonly string[], channels: readonly string[], report: Report): void {
  for (const [index, name] of announce.entries()) {
    if (channels.includes(name)) continue
    const next = channels.length === 0 ? ': there is none under notify' : didYouMean(name, channels)
    report(['announce', index], `unknown channel "${name}"${next}`)
  }
}
