import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from './kit/ports.ts'
import { startProcess } from './kit/process.ts'
import { type TempFolder, tempFolder } from './kit/temp.ts'

const root = resolve(import.meta.dirname, '..')

let folder: TempFolder
let home: string

function run(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
  })
  return { status, stdout, stderr }
}

const hepar = (...args: string[]) => run(process.execPath, ['node_modules/hepar/dist/src/main.js', ...args], home)

/** What npm would publish, unpacked where npm would install it; the other packages are linked. */
beforeAll(async () => {
  folder = await tempFolder('package')
  home = folder.file('home')
  const sources = folder.file('sources')
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
  for (const name of ['package.json', ...files.filter((file) => !file.startsWith('dist/'))]) {
    cpSync(join(root, name), join(sources, name), { recursive: true })
  }
  const build = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(sources, 'dist')]
  expect(run(join(root, 'node_modules/.bin/tsc'), build, root)).toMatchObject({ status: 0, stdout: '' })
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder.path], sources)
  mkdirSync(join(home, 'node_modules'), { recursive: true })
  const tarball = folder.file(packed.stdout.trim())
  expect(run('tar', ['-xzf', tarball, '-C', join(home, 'node_modules')], home)).toMatchObject({ status: 0 })
  const installed = join(home, 'node_modules/hepar')
  cpSync(join(home, 'node_modules/package'), installed, { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
}, 120_000)

afterAll(() => folder[Symbol.asyncDispose]())

const count = (name: string) => readdirSync(join(root, name)).length

test('in an empty folder the installed package has its actions and no playbook, and says so', () => {
  const { status, stdout } = hepar('check', '--offline')
  expect(stdout).toMatch(/rules: warning: this folder does not exist/)
  expect(stdout).toContain(`ok: 0 playbooks, ${count('plugins')} actions, 0 errors, 1 warning`)
  expect(status).toBe(0)
}, 60_000)

test('it brings along the dashboard and how Grafana finds it, and not what generates it', () => {
  const dashboards = readdirSync(join(home, 'node_modules/hepar/dashboards'), { recursive: true, encoding: 'utf8' })
  expect(dashboards.filter((file) => /\.\w+$/.test(file)).sort()).toEqual([
    'healing.json',
    'provisioning/dashboards/hepar.yaml',
    'provisioning/datasources/prometheus.yaml',
  ])
})

test('it leaves the demo out, which is run from sources', () => {
  expect(readdirSync(join(home, 'node_modules/hepar/dist/src'))).not.toContain('demo')
})

test('with the configuration and the playbooks it brings along it is ready to serve', async () => {
  for (const name of ['hepar.yaml', 'rules', 'prometheus', 'alertmanager']) {
    cpSync(join(home, 'node_modules/hepar', name), join(home, name), { recursive: true })
  }
  const shipped = `${count('rules')} playbooks, ${count('plugins')} actions`
  expect(hepar('check', '--offline').stdout).toBe(`ok: ${shipped}, 0 errors, 0 warnings\n`)
  const url = `http://127.0.0.1:${await freePort()}`
  const served = await startProcess({
    name: 'hepar',
    command: process.execPath,
    args: [join(home, 'node_modules/hepar/dist/src/main.js'), 'serve'],
    folder: home,
    cwd: home,
    env: { PATH: process.env.PATH, HEPAR_LISTEN: new URL(url).host },
    ready: async () => (await fetch(`${url}/readyz`)).ok,
    readyWithinMs: 60_000,
  })
  const names = readdirSync(join(root, 'plugins')).map((file) => file.replace(/\.ts$/, ''))
  const { actions, broken } = (await (await fetch(`${url}/api/v1/actions`)).json()) as Record<
    string,
    { name: string }[]
  >
  expect({ actions: actions?.map(({ name }) => name), broken }).toEqual({ actions: names.sort(), broken: [] })
  expect(served.output()).not.toContain('npm run')
  expect(await served.stop(60_000)).toEqual({ code: 0, signal: null })
}, 120_000)
