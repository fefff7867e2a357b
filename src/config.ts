import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isLoopback } from './config/addresses.ts'
import { crossCheck } from './config/cross-check.ts'
import { overLimits } from './config/limits.ts'
import { buildMaintenance } from './config/maintenance.ts'
import { environmentProblem, type Overrides, readOverrides } from './config/overrides.ts'
import { buildPaths } from './config/paths.ts'
import { createReferences, type Environment, type References, shippedPlugins } from './config/references.ts'
import { buildRetention } from './config/retention.ts'
import { type Sections, sections } from './config/sections.ts'
import { buildServices } from './config/services.ts'
import { type Config, type DockerHost, defaultLimits } from './domain/config.ts'
import { deepFreeze } from './domain/freeze.ts'
import type { Problem } from './domain/policy.ts'
import { isReadByOthers, whyUntrusted } from './files/ownership.ts'
import { type FieldValues, readFields } from './files/read-fields.ts'
import {
  fromTopToBottom,
  type Report,
  readSourceFile,
  reporter,
  type SourceFile,
  type SourceReading,
} from './files/source-file.ts'

export type ConfigReading =
  /** `position` says where a path of the file stands. */
  | {
      readonly ok: true
      readonly config: Config
      readonly problems: readonly Problem[]
      readonly position: SourceFile['position']
    }
  /** `readable` has defaults for the keys in `unread`, for a check that goes on; `null` when it would find nothing of use. */
  | {
      readonly ok: false
      readonly problems: readonly Problem[]
      readonly readable: {
        readonly config: Config
        readonly problems: readonly Problem[]
        readonly unread: readonly string[]
      } | null
    }

const fileBytesMax = 1024 * 1024

interface ConfigQuestion {
  readonly file: string | null
  readonly env: Environment
  /** Whether the store in this file has a token, so that none is needed in the configuration. */
  readonly hasTokens?: (storeFile: string) => boolean
}

/**
 * Reads the configuration file and the environment into one frozen Config, or gives every problem at once.
 * `file: null` means HEPAR_CONFIG, or else `hepar.yaml` in the working directory, which may be absent.
 */
export function readConfig({ file, env, hasTokens = () => false }: ConfigQuestion): ConfigReading {
  const named = file ?? (env.HEPAR_CONFIG || null)
  const path = resolve(named ?? 'hepar.yaml')
  const reading = named === null && !existsSync(path) ? emptyFile(path) : readSourceFile(path, fileBytesMax)
  const source = reading.ok ? reading.source : reading.readable
  if (source === null) return { ok: false, problems: reading.ok ? [] : reading.problems, readable: null }
  const problems: Problem[] = reading.ok ? [] : [...reading.problems]
  const report = reporter(source, problems)
  const references = createReferences({ folder: dirname(path), env })
  const written = source.value ?? {}
  const values = readFields(sections(references), written, [], report)
  const overrides = readOverrides(env, problems)
  if (values) {
    // A section that is not written has no problems of its own.
    crossCheck({ ...values, redis: values.redis ?? (Object.hasOwn(written, 'redis') ? undefined : {}) }, report)
    demandAuth(values, overrides, report, problems, () => hasTokens(storeFileOf(values, overrides, references)))
  }
  if (existsSync(path)) checkFile(path, references.holdsSecrets(), problems)
  const sorted = fromTopToBottom(problems)
  if (!values) return { ok: false, problems: sorted, readable: null }
  const config = deepFreeze(buildConfig(path, values, overrides, references))
  if (!problems.some(({ severity }) => severity === 'error')) {
    return { ok: true, config, problems: sorted, position: source.position }
  }
  const unread = Object.keys(written).filter((key) => values[key as keyof Values] === undefined)
  const lost = unread.includes('rules') || unread.includes('plugins')
  return { ok: false, problems: sorted, readable: lost ? null : { config, problems: sorted, unread } }
}

/** Whoever can change this file can have anything run, and whoever reads its secrets has them. */
function checkFile(file: string, holdsSecrets: boolean, problems: Problem[]): void {
  const add = (severity: Problem['severity'], message: string) =>
    problems.push({ severity, file, line: 0, column: 0, message })
  const why = whyUntrusted(file)
  if (why !== null) add('error', `this file ${why}`)
  if (!holdsSecrets || !isReadByOthers(file)) return
  add('warning', `it holds secrets, and everybody on this machine can read it: chmod o-r ${file}`)
}

function emptyFile(file: string): SourceReading {
  return { ok: true, source: { file, value: {}, position: () => ({ line: 0, column: 0 }) } }
}

type Values = FieldValues<Sections>

/** Whoever reaches Hepar from another machine must say who he is. */
function demandAuth(
  { listen, auth }: Values,
  overrides: Overrides,
  report: Report,
  problems: Problem[],
  hasTokens: () => boolean,
): void {
  const address = overrides.listen ?? listen
  // Tokens with problems of their own are named already; `auth` is undefined then, too.
  const tokenProblem = problems.some(({ severity }) => severity === 'error') && auth === undefined
  if (!address || address.host === '' || isLoopback(address.host) || auth?.tokens?.length || tokenProblem) return
  if (hasTokens()) return
  const message = `other machines can reach ${address.host}: make a token with \`hepar token create --local\`, give auth.tokens, or listen on 127.0.0.1`
  if (overrides.listen) problems.push(environmentProblem(`HEPAR_LISTEN: ${message}`))
  else report(['listen'], message)
}

function storeFileOf(values: Values, overrides: Overrides, references: References): string {
  const written = values.store ?? references.path('data/hepar.db')
  return overrides.data === null ? written : join(overrides.data, basename(written))
}

function buildConfig(file: string, values: Values, overrides: Overrides, references: References): Config {
  const storeFile = storeFileOf(values, overrides, references)
  return {
    file,
    listen: overrides.listen ?? values.listen ?? { host: '127.0.0.1', port: 4372 },
    externalUrl: values.externalUrl || null,
    tls: values.tls ?? null,
    dataFolder: dirname(storeFile),
    store: { kind: 'sqlite', file: storeFile },
    mode: overrides.mode ?? values.mode ?? 'observe',
    rules: values.rules ?? [references.path('rules')],
    plugins: values.plugins ?? [shippedPlugins, 'plugins'].map(references.path).filter((path) => existsSync(path)),
    pins: values.pins ?? {},
    watchFiles: values.watch ?? true,
    sources: (values.sources ?? []).map(({ name, alertmanagers, prometheus }) => {
      return { name, alertmanagers: alertmanagers ?? [], prometheus: prometheus ?? null }
    }),
    docker: buildDocker(values.docker),
    redis: Object.entries(values.redis ?? {}).map(([name, server]) => ({ name, ...server })),
    paths: buildPaths(values.paths),
    services: buildServices(values.services),
    http: { allow: values.http?.allow ?? [] },
    auth: { tokens: values.auth?.tokens ?? [] },
    notify: Object.entries(values.notify ?? {}).map(([name, channel]) => ({ name, ...channel })),
    announce: values.announce ?? Object.keys(values.notify ?? {}),
    maintenance: buildMaintenance(values.maintenance),
    approval: { fourEyes: values.approval?.fourEyes ?? false },
    policies: Object.entries(values.policies ?? {}).map(([name, peer]) => ({ name, peer })),
    limits: overLimits(defaultLimits, values.limits),
    retention: buildRetention(values.retention),
    log: { level: overrides.logLevel ?? values.log?.level ?? 'info' },
  }
}

const localHost: DockerHost = { name: 'local', socket: '/var/run/docker.sock', url: null, tls: null, labelValues: [] }

function buildDocker(docker: Values['docker']): Config['docker'] {
  const hosts = docker?.hosts
  return {
    hosts: hosts ? Object.entries(hosts).map(([name, host]) => ({ name, ...host })) : [localHost],
    hostLabel: docker?.hostLabel ?? 'instance',
    allow: docker?.allow ?? [],
    protect: docker?.protect ?? [],
    exporter: {
      enabled: docker?.exporter?.enabled ?? true,
      containersMax: docker?.exporter?.containersMax ?? 1000,
      include: docker?.exporter?.include ?? ['*/*'],
    },
  }
}
