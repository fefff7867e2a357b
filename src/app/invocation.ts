import type { Environment } from '../config/references.ts'

/** What the person who started this process types before a command: it depends on how Hepar came here. */
export function invocation(program: string, env: Environment): string {
  if (program.endsWith('.ts')) return 'npm run --silent hepar --'
  return env.npm_command === 'exec' ? 'npx hepar' : 'hepar'
}
