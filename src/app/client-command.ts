import type { Environment } from '../config/references.ts'

const defaultUrl = 'http://127.0.0.1:4372'

/** How a person who sees this start calls the client commands: as installed, or as a script of a clone, with the address when it is not the usual one. */
export function clientCommand(
  { npm_package_name: owner, npm_lifecycle_event: script }: Environment,
  url: string,
): string {
  const inClone = owner === 'hepar' && (script === 'serve' || script === 'hepar')
  const command = inClone ? 'npm run --silent hepar --' : 'hepar'
  return url === defaultUrl ? command : `HEPAR_URL=${url} ${command}`
}
