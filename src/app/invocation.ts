import type { Environment } from '../config/references.ts'

/** What the person who started this process types before a command: it depends on how Hepar came here. */
export function invocation(program: string, env: Environment): string {
  if (program.endsWith('.ts')) return 'npm run --silent hepar --'
  return env.npm_command === 'exec' ? 'npx hepar' : 'hepar'
}

const defaultUrl = 'http://127.0.0.1:4372'

/** The same, with the address when it is not the one that client commands look at by themselves. */
export function invocationAt(url: string, command: string): string {
  return url === defaultUrl ? command : `HEPAR_URL=${url} ${command}`
}
