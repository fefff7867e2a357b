import type { AuditReport, BackupReport, CheckReport, LocalTokens, LocalTools, RestoreReport } from '../cli/parts.ts'
import type { AuditHead } from '../domain/audit.ts'
import type { Config } from '../domain/config.ts'
import type { Problem } from '../domain/policy.ts'
import { fromTopToBottom, type SourceFile } from '../files/source-file.ts'
import { type ConfigReading, configError, type Loaded, loadAll, type Readable } from './load.ts'
import type { Unreachable } from './reachability.ts'

interface ToolParts {
  readonly serve: LocalTools['serve']
  readonly schema: LocalTools['schema']
  /** Without `demandAuth`, an address that others can reach needs no token yet. */
  readonly readConfig: (configFile: string | null, demandAuth: boolean) => Located
  readonly findUnreachable: (config: Config) => Promise<readonly Unreachable[]>
  /** Loads everything without starting anything that stays; a broken plugin counts as an error. */
  readonly load: (readable: Readable) => Promise<Loaded>
  readonly tokens: <T>(config: Config, work: (tokens: LocalTokens) => Promise<T>) => Promise<T>
  readonly pins: (config: Config) => ReturnType<LocalTools['pins']>
  readonly verify: (config: Config, checkpoint: AuditHead | null) => Promise<AuditReport>
  readonly exportLog: (config: Config) => AsyncIterable<string>
  readonly rotateKey: (config: Config) => string
  readonly backup: (config: Config, request: Parameters<LocalTools['backup']>[0]) => Promise<BackupReport>
  readonly restore: (config: Config, request: Parameters<LocalTools['restore']>[0]) => Promise<RestoreReport>
}

/** A configuration that knows where in its file everything stands. */
type Located = ConfigReading & ({ readonly ok: false } | { readonly position: SourceFile['position'] })

/** The commands that work on files, over the parts that the composition names. */
export function createLocalTools({
  serve,
  schema,
  readConfig,
  findUnreachable,
  load,
  tokens,
  pins,
  verify,
  exportLog,
  rotateKey,
  backup,
  restore,
}: ToolParts): LocalTools {
  const configOf = (configFile: string | null, demandAuth = true): Config => {
    const reading = readConfig(configFile, demandAuth)
    if (!reading.ok) throw configError(reading.problems)
    return reading.config
  }
  return {
    serve,
    schema,
    async check({ configFile, offline }): Promise<CheckReport> {
      const reading = readConfig(configFile, true)
      const [loaded, away] = await Promise.all([
        loadAll(reading, load),
        reading.ok && !offline ? findUnreachable(reading.config) : [],
      ])
      const unreachable = reading.ok ? fromTopToBottom(away.map((one) => problemOf(one, reading))) : []
      if (!loaded.ok) return { problems: [...unreachable, ...loaded.problems], playbooks: 0, actions: 0 }
      const { policy, warnings } = loaded
      const problems = [...unreachable, ...warnings]
      return { problems, playbooks: policy.playbooks.length, actions: policy.actions.length }
    },
    tokens: async ({ configFile }, work) => tokens(configOf(configFile, false), work),
    pins: async ({ configFile }) => pins(configOf(configFile, false)),
    verifyAudit: async ({ configFile, checkpoint }) => verify(configOf(configFile), checkpoint),
    exportAudit: ({ configFile }) => exportLog(configOf(configFile)),
    rotateAuditKey: async ({ configFile }) => rotateKey(configOf(configFile)),
    backup: async (request) => backup(configOf(request.configFile), request),
    restore: async (request) => restore(configOf(request.configFile), request),
  }
}

function problemOf(
  { path, message }: Unreachable,
  { config, position }: { readonly config: Config; readonly position: SourceFile['position'] },
): Problem {
  return { severity: 'warning', file: config.file, ...position(path), message }
}
