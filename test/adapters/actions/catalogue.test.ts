import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createActions, type PluginActions } from '../../../src/adapters/actions/actions.ts'
import type { Catalogue } from '../../../src/adapters/actions/catalogue.ts'
import { defaultLimits } from '../../../src/domain/config.ts'
import { sha256 } from '../../../src/engine/digest.ts'
import { childrenOf, processesWith } from '../../kit/process-table.ts'
import { fixtures, recordLog } from './kit.ts'

const outside = mkdtempSync(join(tmpdir(), 'hepar-third-party-'))
const pluginText = readFileSync(join(fixtures, 'broken-plugins', 'good.ts'), 'utf8')
const typedText = `import type { ActionPlan } from 'hepar/sdk'\n${pluginText}\nexport type Unused = ActionPlan\n`

let actions: PluginActions

function open(settings: { folder?: string } = {}): PluginActions {
  return createActions({
    limits: { ...defaultLimits },
    settingsFor: () => ({ settings }),
    log: recordLog().log,
    clock: { now: Date.now },
    poolSize: 0,
    describeMs: 2_000,
  })
}

beforeAll(() => {
  actions = open()
})

afterAll(async () => {
  await actions.close()
  rmSync(outside, { recursive: true })
})

describe('a folder of broken plugins', () => {
  let catalogue: Catalogue
  beforeAll(async () => {
    catalogue = await actions.describe([join(fixtures, 'plugins'), join(fixtures, 'broken-plugins')])
  })

  test('the good ones load, whatever the others do', () => {
    expect(catalogue.actions.map(({ name }) => name)).toEqual(['borrow', 'good', 'misbehave', 'touch'])
  })

  test.each([
    ['Upper-Case', 'the file name must match'],
    ['import-exit', 'exited with code 0'],
    ['import-loop', 'no answer within 2000 ms'],
    ['import-pollute', 'plan must be a function'],
    ['import-segfault', 'killed by SIGSEGV'],
    ['import-throw', 'thrown at import'],
    ['missing-package', "Cannot find package 'no-such-package'"],
    ['no-default', 'no default export'],
    ['no-revert', 'it says temporary: true, but has no revert'],
    ['no-schema', 'params must be a zod schema'],
    ['syntax', 'cannot be imported'],
    ['wrong-kind', 'kind: Invalid option'],
  ])('%s is reported with its file and "%s"', (name, reason) => {
    const found = catalogue.broken.filter((broken) => broken.name === name)
    expect(found).toHaveLength(1)
    expect(found[0]?.file).toContain(join(fixtures, 'broken-plugins', name))
    expect(found[0]?.reason).toContain(reason)
  })

  test('two of one name are both refused, each naming the other', () => {
    const found = catalogue.broken.filter(({ name }) => name === 'twice')
    expect(found.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('twice.ts'),
      expect.stringContaining('twice.mjs'),
    ])
  })

  test('declarations, tests, hidden files and other files are no plugins', () => {
    const files = [...catalogue.actions, ...catalogue.broken].map(({ file }) => file)
    expect(files.filter((file) => /_hidden|\.d\.ts|\.test\.ts|\.txt/.test(file))).toEqual([])
    expect(catalogue.broken).toHaveLength(14)
  })

  test('of the describing processes only those of good plugins are left, for the questions that follow', async () => {
    const left = () => {
      const runners = processesWith('actions/runner.ts')
      return childrenOf(process.pid).filter((pid) => runners.includes(pid))
    }
    const kept = left()
    expect(kept).toHaveLength(4)
    const good = catalogue.actions.find(({ name }) => name === 'good')!
    expect(await actions.checkParams(good, {}, [])).toEqual([])
    expect(left()).toEqual(kept)
  })
})

test('every plugin of this project loads', async () => {
  const { actions: found, broken } = await actions.describe([join(fixtures, '..', '..', 'plugins')])
  expect(broken).toEqual([])
  expect(found.map(({ name }) => name)).toContain('container-restart')
})

test("Hepar's own plugins share few processes to be described and checked, and every reading begins with new ones", async () => {
  const apart = open()
  const runners = () => {
    const all = processesWith('actions/runner.ts')
    return childrenOf(process.pid).filter((pid) => all.includes(pid))
  }
  const others = runners()
  const fresh = () => runners().filter((pid) => !others.includes(pid))
  try {
    const folder = join(fixtures, '..', '..', 'plugins')
    const { actions: own } = await apart.describe([folder])
    const first = fresh()
    expect(own.length).toBeGreaterThan(5)
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThanOrEqual(2)
    const restart = own.find(({ name }) => name === 'container-restart')!
    expect(await apart.checkParams(restart, {}, [])).toEqual([])
    expect(await apart.checkParams(restart, { garce: '1s' }, [])).toHaveLength(1)
    expect(fresh()).toEqual(first)
    await apart.describe([folder])
    expect(fresh().filter((pid) => first.includes(pid))).toEqual([])
    await apart.describe([join(fixtures, 'plugins')])
    expect(fresh().length).toBeGreaterThanOrEqual(3)
  } finally {
    await apart.close()
  }
})

test('an action is described with its digest and its parameters', async () => {
  const { actions: found } = await actions.describe([join(fixtures, 'plugins')])
  const touch = found.find(({ name }) => name === 'touch')
  expect(touch).toMatchObject({
    summary: 'Append a line to a file',
    kind: 'service',
    risk: 'reversible',
    idempotent: false,
    hasVerify: true,
    hasRevert: false,
    temporary: false,
    fileDigest: sha256(readFileSync(join(fixtures, 'plugins', 'touch.ts'))),
    paramsSchema: { type: 'object', additionalProperties: false, properties: { pause: { default: '0s' } } },
  })
})

test('a folder that is not there is reported', async () => {
  const { broken } = await actions.describe([join(outside, 'nowhere')])
  expect(broken).toEqual([
    { name: 'nowhere', file: join(outside, 'nowhere'), reason: expect.stringContaining('ENOENT') },
  ])
})

test('one folder under two paths is read once', async () => {
  const folder = join(fixtures, 'plugins')
  const link = join(outside, 'link')
  symlinkSync(folder, link)
  const { actions: found, broken } = await actions.describe([folder, link])
  expect(broken).toEqual([])
  expect(found.map(({ file }) => file)).toContain(join(folder, 'touch.ts'))
})

test("a third party's plugins outside of the project import hepar/sdk, as TypeScript and as JavaScript", async () => {
  const folder = join(outside, 'plugins')
  mkdirSync(folder)
  writeFileSync(join(folder, 'typed.ts'), typedText)
  writeFileSync(join(folder, 'plain.mjs'), pluginText)
  writeFileSync(join(folder, 'script.js'), pluginText)
  const { actions: found, broken } = await actions.describe([folder])
  expect(broken).toEqual([])
  expect(found.map(({ name }) => name)).toEqual(['plain', 'script', 'typed'])
})

test('a plugin may import a neighbour file and the packages beside it', async () => {
  const folder = join(outside, 'neighbours')
  mkdirSync(join(folder, 'node_modules', 'words'), { recursive: true })
  writeFileSync(join(folder, 'node_modules', 'words', 'package.json'), '{"main":"index.js"}')
  writeFileSync(join(folder, 'node_modules', 'words', 'index.js'), 'exports.word = "neighbourly"')
  writeFileSync(join(folder, '_shared.ts'), "export { word } from 'words'\nexport type Word = string\n")
  const text = `import { word, type Word } from './_shared.ts'\nconst summary: Word = word\n${pluginText}`
  writeFileSync(join(folder, 'uses.ts'), text.replace("'The good one among the broken'", 'summary'))
  const { actions: found, broken } = await actions.describe([folder])
  expect(broken).toEqual([])
  expect(found[0]?.summary).toBe('neighbourly')
})

describe('a plugin file that changed after it was described', () => {
  test('is neither planned nor run', async () => {
    const folder = join(outside, 'changing')
    mkdirSync(folder)
    cpSync(join(fixtures, 'plugins', 'touch.ts'), join(folder, 'touch.ts'))
    const own = open({ folder })
    try {
      const [touch] = (await own.describe([folder])).actions
      if (touch === undefined) throw new Error('touch was not described')
      const call = { action: touch, target: 'service/it', params: {}, now: Date.now() }
      const outcome = await own.plan(call)
      if (outcome.kind !== 'planned') throw new Error(JSON.stringify(outcome))

      writeFileSync(join(folder, 'touch.ts'), `${readFileSync(join(folder, 'touch.ts'), 'utf8')}\n// changed\n`)
      expect(await own.plan(call)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('reload') })
      await expect(own.reserve(touch)).rejects.toThrow('changed since')
      expect(() => readFileSync(join(folder, 'began'))).toThrow('ENOENT')

      const [again] = (await own.describe([folder])).actions
      if (again === undefined) throw new Error('touch was not described again')
      expect(await own.plan({ ...call, action: again })).toMatchObject({ kind: 'planned' })
    } finally {
      await own.close()
    }
  })
})

describe('parameters', () => {
  async function check(params: unknown, templated: (string | number)[][] = []) {
    const { actions: found } = await actions.describe([join(fixtures, 'plugins')])
    const touch = found.find(({ name }) => name === 'touch')
    if (touch === undefined) throw new Error('touch was not described')
    return actions.checkParams(touch, params, templated)
  }

  test('right ones have no problems', async () => {
    expect(await check({ word: 'x', count: 3, pause: '1m30s' })).toEqual([])
  })

  test('wrong ones are all found by the schema of the plugin, with their paths', async () => {
    expect(await check({ word: 1, pause: 'soon', graec: '1s', nested: { deep: 1, deeper: 2 } })).toEqual([
      { path: ['word'], message: expect.stringContaining('expected string') },
      { path: ['pause'], message: '"soon" is not a duration such as 10s or 1h30m' },
      { path: ['nested', 'deeper'], message: 'unknown parameter "deeper"' },
      { path: ['graec'], message: 'unknown parameter "graec"' },
    ])
  })

  test('what a template will fill is left to the plan, unknown names are not', async () => {
    const params = { count: '{{ labels.n }}', nested: { deep: '{{ labels.d }}' }, graec: '{{ labels.g }}' }
    expect(await check(params, [['count'], ['nested', 'deep'], ['graec']])).toEqual([
      { path: ['graec'], message: 'unknown parameter "graec"' },
    ])
  })
})
