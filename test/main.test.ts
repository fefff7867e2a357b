import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from './kit/ports.ts'
import { type StartedProcess, startProcess } from './kit/process.ts'
import { tempFolder } from './kit/temp.ts'
import { waitFor } from './kit/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

const root = resolve(import.meta.dirname, '..')
const main = join(root, 'src/main.ts')

async function setUp() {
  const folder = await tempFolder('main')
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const port = await freePort()
  mkdirSync(folder.file('rules'))
  mkdirSync(folder.file('plugins'))
  const text = `listen: 127.0.0.1:${port}\nwatch: false\ndocker: { hosts: { local: { socket: /nowhere/d.sock } } }\n`
  writeFileSync(folder.file('hepar.yaml'), text)
  const url = `http://127.0.0.1:${port}`
  const env = { ...process.env, HEPAR_URL: url, NO_COLOR: '1' }
  const hepar = (...argv: string[]) => {
    return spawnSync(process.execPath, [main, ...argv], { cwd: folder.path, env, encoding: 'utf8' })
  }
  const serve = async (): Promise<StartedProcess> => {
    const started = await startProcess({
      name: 'hepar',
      command: process.execPath,
      args: [main, 'serve'],
      folder: folder.path,
      cwd: folder.path,
      env,
      ready: async () => (await fetch(`${url}/readyz`)).ok,
      readyWithinMs: 120_000,
    })
    onTestFinished(() => started[Symbol.asyncDispose]())
    return started
  }
  return { folder, url, text, hepar, serve }
}

test('serve greets with where everything is, obeys its signals, and leaves a log that verifies', async () => {
  const { folder, url, text, hepar, serve } = await setUp()
  const served = await serve()
  await waitFor(() => served.output().includes('Send a first alert'), { what: 'the greeting' })
  const output = served.output()
  expect(output).toContain(`webhook    ${url}/webhook/alertmanager`)
  expect(output).toContain(`metrics    ${url}/metrics`)
  expect(output).toContain('mode       observe')
  expect(output).toContain('no tokens: only this machine can connect')
  expect(
    output.match(/Docker host local cannot be reached: .*start the engine, or correct docker.hosts.local/g),
  ).toHaveLength(1)
  expect(output).toContain(`config     ${folder.file('hepar.yaml')}`)
  expect(output).toContain(`data       ${folder.file('data')}`)
  expect(output).toContain('npm run --silent hepar -- show\n')

  const curl = output.split('\n').find((line) => line.includes('curl -sS'))
  const sent = spawnSync('sh', ['-c', curl!], { encoding: 'utf8' })
  expect(JSON.parse(sent.stdout)).toMatchObject({ decisions: [{ decision: 'unmatched' }] })
  expect(hepar('alerts').stdout).toMatch(/ContainerUnhealthy .*unmatched/)

  const second = hepar('serve')
  expect(second.status).toBe(1)
  expect(second.stderr).toMatch(/^hepar: data folder .* is in use by another Hepar \(pid \d+\): stop it/)

  writeFileSync(folder.file('hepar.yaml'), `${text}mode: auto\n`)
  served.signal('SIGHUP')
  await waitFor(() => JSON.parse(hepar('playbooks', '--json').stdout).mode === 'auto', { what: 'the reload' })

  const head = hepar('audit', 'head', '--json').stdout
  writeFileSync(folder.file('head.json'), head)
  expect(hepar('audit', 'verify', '--checkpoint', 'head.json')).toMatchObject({ status: 0 })

  served.signal('SIGTERM')
  expect(await served.exited).toEqual({ code: 0, signal: null })
  expect(served.output()).toContain('engine.stopping')
  expect(hepar('audit', 'verify', '--checkpoint', 'head.json').stdout).toContain('the log is intact')
  const lines = hepar('audit', 'export').stdout.trimEnd().split('\n')
  expect(lines.map((line, index) => JSON.parse(line).seq ?? index + 1)).toEqual(lines.map((_, index) => index + 1))
  expect(hepar('alerts')).toMatchObject({ status: 1, stderr: expect.stringContaining('Is `hepar serve` running?') })
})

test('check gives every problem with its place and exits 1, also for a plugin that does not load', async () => {
  const { folder, text, hepar } = await setUp()
  expect(hepar('check')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ok: 0 playbooks/m) })
  writeFileSync(folder.file('plugins/odd.js'), 'export default 7\n')
  writeFileSync(folder.file('rules/a.yaml'), 'version: 1\nwehn: {}\n')
  const { status, stdout } = hepar('check')
  expect(status).toBe(1)
  expect(stdout).toMatch(/rules\/a\.yaml:2:1: error: .*wehn/)
  expect(stdout).toMatch(/plugins\/odd\.js: error: /)
  writeFileSync(folder.file('hepar.yaml'), `${text}listenn: x\n`)
  expect(hepar('check').stdout).toMatch(/hepar\.yaml:4:1: error: .*listenn.*listen/)
  const refused = hepar('serve')
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toMatch(/hepar\.yaml:4:1: error: /)
})

test('the schemas are JSON, and a reader that stops early is no failure', async () => {
  const { hepar, folder } = await setUp()
  for (const name of ['playbook', 'config']) {
    expect(JSON.parse(hepar('schema', name).stdout)).toMatchObject({ type: 'object' })
  }
  const child = spawn(process.execPath, [main, 'schema', 'playbook'], { cwd: folder.path })
  child.stdout.destroy()
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect(code).toBe(0)
})
