import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createActions } from '../../src/adapters/actions/actions.ts'
import { digestPlugins } from '../../src/adapters/actions/catalogue.ts'
import { findPlaybookFiles } from '../../src/adapters/rules/find-files.ts'
import { readConfig } from '../../src/config.ts'
import { defaultLimits } from '../../src/domain/config.ts'
import { formatProblem, type Problem } from '../../src/domain/policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'hepar-refused-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const log = { debug() {}, info() {}, warn() {}, error() {} }

test('a playbook that others could change is refused, and so is a folder of them', () => {
  const rules = join(folder, 'rules')
  mkdirSync(join(rules, 'team'), { recursive: true })
  for (const name of ['good.yaml', 'bad.yaml', 'team/other.yaml']) writeFileSync(join(rules, name), '')
  chmodSync(join(rules, 'bad.yaml'), 0o666)
  chmodSync(join(rules, 'team'), 0o777)
  const problems: Problem[] = []
  expect(findPlaybookFiles([rules], problems)).toEqual([join(rules, 'good.yaml')])
  expect(problems.map(formatProblem)).toEqual([
    `${rules}/bad.yaml: error: this playbook can be changed by everybody: chmod o-w ${rules}/bad.yaml`,
    `${rules}/team: error: this folder can be changed by everybody: chmod o-w ${rules}/team`,
  ])
})

test('a plugin that others could change, or that is not the pinned one, is refused before any of it runs', async () => {
  const plugins = join(folder, 'plugins')
  mkdirSync(plugins)
  const traces = (name: string) => join(folder, `ran-${name}`)
  const plugin = (name: string) => `import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(traces(name))}, '')
import { defineAction, z } from 'hepar/sdk'
export default defineAction({
  summary: 'Touch', kind: 'service', risk: 'reversible', idempotent: true, params: z.strictObject({}),
  async plan() { return { pin: {}, summary: 'touch' } }, async run() { return {} },
})
`
  const names = ['open', 'other', 'pinned', 'shared']
  const shared = join(folder, 'shared')
  mkdirSync(shared)
  for (const name of names) writeFileSync(join(name === 'shared' ? shared : plugins, `${name}.ts`), plugin(name))
  chmodSync(join(plugins, 'open.ts'), 0o646)
  chmodSync(shared, 0o777)
  const pins = Object.fromEntries((await digestPlugins([plugins])).map(({ name, digest }) => [name, digest]))
  expect(names.filter((name) => existsSync(traces(name)))).toEqual([])
  writeFileSync(join(plugins, 'other.ts'), `${readFileSync(join(plugins, 'other.ts'), 'utf8')}// changed\n`)
  const actions = createActions({
    limits: defaultLimits,
    settingsFor: () => ({ settings: {} }),
    log,
    clock: { now: () => Date.now() },
    poolSize: 0,
  })
  try {
    const { actions: found, broken } = await actions.describe([plugins, shared], pins)
    expect(found.map(({ name }) => name)).toEqual(['pinned'])
    expect(broken.map(({ name, reason }) => [name, reason])).toEqual([
      ['open', `the file can be changed by everybody: chmod o-w ${plugins}/open.ts`],
      ['other', expect.stringMatching(/its SHA-256 is .*, and pins.other says .*hepar pin/)],
      ['shared', `the folder can be changed by everybody: chmod o-w ${shared}`],
    ])
    expect(names.filter((name) => existsSync(traces(name)))).toEqual(['pinned'])
  } finally {
    await actions.close()
  }
})

test('a plugin that imports what others could change is refused before that runs', async () => {
  const plugins = join(folder, 'importing')
  mkdirSync(join(plugins, 'open'), { recursive: true })
  const trace = join(folder, 'ran-import')
  const touch = `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(trace)}, '')\nexport default 1\n`
  writeFileSync(join(plugins, '_helper.ts'), touch)
  writeFileSync(join(plugins, 'open/inner.ts'), touch)
  chmodSync(join(plugins, '_helper.ts'), 0o666)
  chmodSync(join(plugins, 'open'), 0o777)
  writeFileSync(join(plugins, 'file.ts'), `import './_helper.ts'\n`)
  writeFileSync(join(plugins, 'folder.ts'), `import './open/inner.ts'\n`)
  const clock = { now: () => Date.now() }
  const actions = createActions({
    limits: defaultLimits,
    settingsFor: () => ({ settings: {} }),
    log,
    clock,
    poolSize: 0,
  })
  try {
    const { broken } = await actions.describe([plugins])
    const why = (path: string) => expect.stringContaining(`can be changed by everybody: chmod o-w ${plugins}/${path}`)
    expect(broken.map(({ reason }) => reason)).toEqual([why('_helper.ts'), why('open')])
    expect(existsSync(trace)).toBe(false)
  } finally {
    await actions.close()
  }
})

test('a configuration that others could change is refused, and one that shows its secrets is warned of', () => {
  const file = join(folder, 'hepar.yaml')
  const problems = (text: string, mode: number) => {
    writeFileSync(file, text)
    chmodSync(file, mode)
    return readConfig({ file, env: { T: 'x'.repeat(30) } }).problems.map(formatProblem)
  }
  const auth = (token: string) => `auth: { tokens: [{ name: a, role: admin, token: "${token}" }] }\n`
  const written = auth('x'.repeat(30))
  expect(problems(written, 0o600)).toEqual([])
  expect(problems(written, 0o644)).toEqual([
    `${file}: warning: it holds secrets, and everybody on this machine can read it: chmod o-r ${file}`,
  ])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
  for (const kept of ['${T}', `sha256:${'a'.repeat(64)}`]) expect(problems(auth(kept), 0o644)).toEqual([])
  expect(problems('', 0o666)).toEqual([`${file}: error: this file can be changed by everybody: chmod o-w ${file}`])
})
