import type { AuditReport, CheckReport, LocalTools } from '../cli/parts.ts'
import type { AuditHead } from '../domain/audit.ts'
import type { Config } from '../domain/config.ts'
import { type ConfigReading, configError, type Loaded, loadAll, type Readable } from './load.ts'

interface ToolParts {
  readonly serve: LocalTools['serve']
  readonly schema: LocalTools['schema']
  readonly readConfig: (configFile: string | null) => ConfigReading
  /** Loads everything without starting anything that stays; a broken plugin counts as an error. */
  readonly load: (readable: Readable) => Promise<Loaded>
  readonly verify: (config: Config, checkpoint: AuditHead | null) => Promise<AuditReport>
  readonly exportLog: (config: Config) => AsyncIterable<string>
  readonly rotateKey: (config: Config) => string
}

/** The commands that work on files, over the parts that the composition names. */
export function createLocalTools({
  serve,
  schema,
  readConfig,
  load,
  verify,
  exportLog,
  rotateKey,
}: ToolParts): LocalTools {
  const configOf = (configFile: string | null): Config => {
    const reading = readConfig(configFile)
    if (!reading.ok) throw configError(reading.problems)
    return reading.config
  }
  return {
    serve,
    schema,
    async check({ configFile }): Promise<CheckReport> {
      const loaded = await loadAll(readConfig(configFile), load)
      if (!loaded.ok) return { problems: loaded.problems, playbooks: 0, actions: 0 }
      const { policy, warnings } = loaded
      return { problems: warnings, playbooks: policy.playbooks.length, actions: policy.actions.length }
    },
    verifyAudit: async ({ configFile, checkpoint }) => verify(configOf(configFile), checkpoint),
    exportAudit: ({ configFile }) => exportLog(configOf(configFile)),
    rotateAuditKey: async ({ configFile }) => rotateKey(configOf(configFile)),
  }
}
