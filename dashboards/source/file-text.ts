import { healing } from './healing.ts'

/** `healing.json` as it is committed. */
export function fileText(): string {
  return `${JSON.stringify(healing(), null, 2)}\n`
}
