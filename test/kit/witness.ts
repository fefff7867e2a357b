import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { waitFor } from './wait.ts'

/** The folder with the plugin `witness`, whose effect is a line in a file. */
export const witnessPlugins = resolve(import.meta.dirname, '../fixtures/plugins-e2e')

/** What really happened to services, by a file that Hepar itself never reads or writes. */
export interface Witness {
  readonly file: string
  began(service: string): number
  ended(service: string): number
  /** Lets the held effects on this service end. */
  free(service: string): void
  /** Waits until the effect on this service has begun, or ended. */
  until(word: 'began' | 'ended', service: string, deadlineMs?: number): Promise<void>
}

export function witnessIn(folder: string): Witness {
  const file = join(folder, 'witness')
  const count = (line: string) =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((one) => one === line).length
      : 0
  return {
    file,
    began: (service) => count(`began ${service}`),
    ended: (service) => count(`ended ${service}`),
    free: (service) => writeFileSync(`${file}.free.${service}`, ''),
    until: async (word, service, deadlineMs = 60_000) =>
      void (await waitFor(() => count(`${word} ${service}`) > 0, { what: `${word} ${service}`, deadlineMs })),
  }
}

export interface WitnessPlaybook {
  /** The label `case` of the alerts it takes. */
  readonly takes: string
  /** True for an effect that lasts until the test frees it. */
  readonly held?: boolean
  /** The ladder instead of one witnessed effect; `$ACT` stands for that effect. */
  readonly steps?: string
  /** The checks of `verify`, one YAML line each. */
  readonly verify?: readonly string[]
  /** Further top-level lines, such as `settle: 10s`. */
  readonly more?: string
}

/** A playbook that acts on `service/<label name>` by writing into the witness's file. */
export function witnessPlaybook(file: string, { takes, held = false, steps, verify, more }: WitnessPlaybook): string {
  const act = `{ action: witness, with: { file: "${file}", held: ${held} }, timeout: 60s }`
  const checks = verify ?? ['- alert: cleared', '- promql: ill{name="{{ labels.name }}"} == 0']
  return `
version: 1
when:
  all: [{ fact: labels, path: $.case, operator: equal, value: ${takes} }]
target: service/{{ labels.name }}
steps:
${(steps ?? '- $ACT').replaceAll('$ACT', act)}
verify:
${checks.join('\n')}
for: 1s
${more?.includes('within:') ? '' : 'within: 15s'}
${more?.includes('limits:') ? '' : 'limits: { cooldown: 0s, attempts: [50/1h] }'}
${more ?? ''}
`
}
