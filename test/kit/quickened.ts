import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '../..')

/** A shipped playbook with times for a test: quick to hold and to give up; what it does is untouched. */
export function quickPlaybookFile(file: string): string {
  return readFileSync(join(project, 'rules', file), 'utf8')
    .replace(/^for: .*$/m, 'for: 2s')
    .replace(/^within: .*$/m, 'within: 30s')
    .replace(/^( +)hold: .*$/m, '$1hold: 2s')
    .replace(/^( +)cooldown: .*$/m, '$1cooldown: 1s')
    .replaceAll('[1m]', '[6s]')
}

/** Shipped alerting rules in one file: evaluated every second, without a waiting time, over short windows. */
export function quickRulesOf(...files: readonly string[]): string {
  const texts = files.map((file) => readFileSync(join(project, 'prometheus/rules', file), 'utf8'))
  const groups = texts.map((text) => text.slice(text.indexOf('groups:') + 'groups:'.length)).join('\n')
  return `groups:${groups}`
    .replace(/interval: .*$/gm, 'interval: 1s')
    .replace(/^ +for: \d+[smh]\n/gm, '')
    .replaceAll('[1m]', '[6s]')
    .replaceAll('[5m]', '[2m]')
}
