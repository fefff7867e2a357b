import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { authYaml } from '../hepar.ts'
import type { EngineChoice } from './engine-places.ts'
import type { Place } from './neighbours.ts'

const root = resolve(import.meta.dirname, '../../..')

interface LiveWiring {
  readonly engine: EngineChoice
  readonly container: string
  readonly prometheus: Place
  readonly alertmanager: Place
}

/** Hepar's files for the live demo: the shipped playbook, in shorter times. */
export function liveFiles({
  engine,
  container,
  prometheus,
  alertmanager,
}: LiveWiring): Readonly<Record<string, string>> {
  return {
    'hepar.yaml': `# Made by the demo.
store: sqlite:./data/hepar.db
mode: auto
rules: ./rules
limits: { probeEvery: 500ms }
sources:
  - { name: main, alertmanagers: ["${alertmanager.url}"], prometheus: "${prometheus.url}" }

# The container is touched because it carries the label hepar.enable=true.
docker:
  hosts: { local: ${JSON.stringify(engine.config)} }
  exporter: { include: ["local/${container}"] }

${authYaml}`,
    'rules/container-unhealthy.yaml': shipped('rules/container-unhealthy.yaml', {
      'grace: 10s': 'grace: 1s',
      '\nfor: 10s': '\nfor: 3s',
    }),
  }
}

/** The shipped alerts about containers, looked at every second. */
export function liveRules(): string {
  return shipped('prometheus/rules/containers.yml', { 'interval: 5s': 'interval: 1s' })
}

function shipped(file: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} no longer says "${from}": correct the demo`)
      return text.replace(from, to)
    },
    readFileSync(join(root, file), 'utf8'),
  )
}
