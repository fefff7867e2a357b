import type { CliParts, LocalTools } from '../../src/cli/parts.ts'
import { runCli } from '../../src/cli/program.ts'

/** Runs one command line and gives what it printed. */
export async function run(argv: readonly string[], env: Record<string, string> = {}, tools: Partial<LocalTools> = {}) {
  let out = ''
  let err = ''
  const parts: CliParts = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env,
    version: '1.2.3',
    local: async () => tools as LocalTools,
  }
  const code = await runCli(argv, parts)
  return { code, out, err }
}
