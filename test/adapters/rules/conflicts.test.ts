import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadPlaybooks } from '../../../src/adapters/rules/load-playbooks.ts'
import { playedAction } from '../../kit/played-world.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hepar-conflicts-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const down = '{ fact: labels, path: $.alertname, operator: equal, value: Down }'
const target = 'container/{{ labels.host }}/{{ labels.name }}'

interface Written {
  readonly when?: string
  readonly target?: string
  readonly top?: string
}

/** The conflicts of playbooks `a`, `b`, … as `file:line: message`. */
async function conflictsOf(...written: readonly Written[]): Promise<readonly string[]> {
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  for (const [index, one] of written.entries()) {
    const text = `version: 1\n${one.top ?? 'priority: 0'}\nwhen: { all: [ ${one.when ?? down} ] }\ntarget: ${one.target ?? target}\nsteps: [ { action: container-restart } ]\n`
    writeFileSync(join(rules, `${'abcdef'[index]}.yaml`), text)
  }
  const config = { sources: null, notify: null, http: null }
  const context = { config, actions: [playedAction], broken: [], checkParams: async () => [] }
  const { playbooks, problems } = await loadPlaybooks([rules], context as never)
  expect(playbooks).toHaveLength(written.length)
  return problems
    .filter(({ message }) => message.includes('can be the same'))
    .map(
      ({ file, line, message, severity }) =>
        `${file.replace(`${folder}/`, '')}:${line}: ${severity}: ${message.replaceAll(`${folder}/`, '')}`,
    )
}

test('two that take the same alert to the same target are told, with both places and what decides', async () => {
  expect(await conflictsOf({}, {})).toEqual([
    'rules/b.yaml:4: warning: target: can be the same for the same alert as that of "a" (rules/a.yaml:4:9): that one comes first ' +
      '(its name comes first) and takes it; say "continue: true" there, or tell the two apart in "when"',
  ])
})

test('where the first goes on, both act; where one has priority, it is that', async () => {
  expect(await conflictsOf({ top: 'continue: true' }, { top: 'priority: -1' })).toEqual([
    expect.stringMatching(/^rules\/b.yaml:4: .*its priority is 0\) and says "continue", so both have an incident/),
  ])
})

test('of many rivals, one playbook tells once', async () => {
  expect(await conflictsOf({}, {}, {}, {})).toEqual([
    expect.stringContaining('rules/b.yaml'),
    expect.stringContaining('and of 1 more'),
    expect.stringContaining('and of 2 more'),
  ])
})

test.each<[string, string]>([
  ['one of several alternatives', `{ any: [ ${down.replace('Down', 'Slow')}, ${down} ] }`],
  ['a pattern that the value fits', '{ fact: labels, path: $.alertname, operator: regex, value: D.*|Slow }'],
  ['a glob that the value fits', '{ fact: labels, path: $.alertname, operator: glob, value: D?wn }'],
])('a value is demanded by both also where one names %s', async (_, when) => {
  expect(await conflictsOf({ when }, {})).toHaveLength(1)
})

test('two that ask for the same pattern take the same alerts', async () => {
  const when = '{ fact: labels, path: $.alertname, operator: glob, value: "*Down" }'
  expect(await conflictsOf({ when }, { when })).toHaveLength(1)
})

test.each<[string, Written, Written]>([
  ['a pattern that the value does not fit', { when: down.replace('equal, value: Down', 'glob, value: Slow*') }, {}],
  ['an alternative without the label', { when: `{ any: [ ${down}, ${label('team', 'a')} ] }` }, {}],
  ['other alerts', {}, { when: down.replace('Down', 'Slow') }],
  [
    'a label that cannot be both',
    { when: `${down}, ${label('team', 'a')}` },
    { when: `${down}, ${label('team', 'b')}` },
  ],
  [
    'lists of values without a common one',
    { when: `${down}, { fact: labels, path: $.env, operator: in, value: [dev, test] }` },
    { when: `${down}, { fact: labels, path: $.env, operator: in, value: [prod] }` },
  ],
  ['targets of other names', { target: 'container/local/web' }, { target: 'container/local/db' }],
  [
    'targets on other hosts',
    { target: 'container/h1/{{ labels.name }}' },
    { target: 'container/h2/{{ labels.name }}' },
  ],
  ['nothing that both demand', { when: '{ fact: labels, path: $.team, operator: equal, value: a }' }, {}],
])('nothing is told of %s', async (_, a, b) => {
  expect(await conflictsOf(a, b)).toEqual([])
})

function label(name: string, value: string): string {
  return `{ fact: labels, path: $.${name}, operator: equal, value: ${value} }`
}
