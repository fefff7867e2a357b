import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runProgram } from '../kit/process.ts'
import { startSink } from '../kit/sink.ts'
import { tempFolder } from '../kit/temp.ts'

vi.setConfig({ testTimeout: 120_000 })

const root = resolve(import.meta.dirname, '../..')
const mistakes = join(root, 'test/fixtures/mistakes')

/** The real command line, in a folder and with nothing of this shell's own settings. */
function hepar(cwd: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' }
  return runProgram(process.execPath, [join(root, 'src/main.ts'), ...args], { cwd, env })
}

test('check finds one of every mistake at once, each where an editor can jump to it, with what was meant', async () => {
  const { code, stdout, stderr } = await hepar(mistakes, 'check')
  expect(stdout.replaceAll(`${mistakes}/`, '')).toBe(readFileSync(join(mistakes, 'expected.txt'), 'utf8'))
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
})

test('check warns of every source and Docker host that does not answer, and asks none of them offline', async () => {
  await using folder = await tempFolder('check')
  await using prometheus = await startSink()
  await using alertmanager = await startSink({ answer: { code: 401 } })
  mkdirSync(folder.file('rules'))
  const lines = [
    'sources:',
    `  - { name: good, prometheus: "${prometheus.url}" }`,
    `  - name: bad`,
    '    prometheus: http://127.0.0.1:1',
    `    alertmanagers: ["${alertmanager.url}"]`,
    'docker: { hosts: { far: { url: "http://127.0.0.1:1" } } }',
  ]
  writeFileSync(folder.file('hepar.yaml'), `${lines.join('\n')}\n`)
  const { code, stdout } = await hepar(folder.path, 'check')
  const found = stdout.replaceAll(`${folder.path}/`, '').split('\n')
  expect(found).toContainEqual(
    expect.stringMatching(/^hepar\.yaml:4:17: warning: Prometheus of source bad cannot be reached: .*ECONNREFUSED/),
  )
  expect(found).toContainEqual(
    expect.stringMatching(/^hepar\.yaml:5:21: warning: Alertmanager of source bad cannot be reached: .*401/),
  )
  expect(found).toContainEqual(
    expect.stringMatching(/^hepar\.yaml:6:25: warning: Docker host far cannot be reached: .*ECONNREFUSED/),
  )
  expect(stdout).not.toContain('source good')
  expect(found).toContain('rules: warning: there is no playbook in it, so every alert stays unmatched')
  expect(code).toBe(0)
  const asked = prometheus.requests.length
  expect((await hepar(folder.path, 'check', '--offline')).stdout).not.toContain('cannot be reached')
  expect(prometheus.requests).toHaveLength(asked)
})

test('check --json gives the same problems to a program', async () => {
  const { code, stdout } = await hepar(mistakes, 'check', '--json')
  const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown>[] }
  const lines = readFileSync(join(mistakes, 'expected.txt'), 'utf8').trimEnd().split('\n').slice(0, -1)
  expect(problems).toHaveLength(lines.length)
  expect(problems[0]).toEqual({
    severity: 'error',
    file: join(mistakes, 'hepar.yaml'),
    line: 1,
    column: 1,
    message: 'unknown key "modee", did you mean "mode"?',
  })
  expect(code).toBe(1)
})

test('a mistake in a section of the configuration accuses nothing that depends on it', async () => {
  await using folder = await tempFolder('check')
  mkdirSync(folder.file('rules'))
  writeFileSync(folder.file('hepar.yaml'), 'notify: { oncall: { uri: http://x/ } }\nsources: [{ name: 7 }]\n')
  writeFileSync(
    folder.file('rules/a.yaml'),
    `version: 1
when: { all: [{ fact: labels, path: $.a, operator: equal, value: b }] }
target: service/x
steps: [{ escalate: oncall }, { escalate: 7 }]
verify: [{ alert: cleared }]
`,
  )
  mkdirSync(folder.file('plugins'))
  const { stdout } = await hepar(folder.path, 'check')
  expect(stdout.replaceAll(`${folder.path}/`, '').split('\n')).toEqual([
    expect.stringMatching(/^hepar\.yaml:1:\d+: error: notify\.oncall\.url: is missing/),
    expect.stringMatching(/^hepar\.yaml:1:\d+: error: notify\.oncall: unknown key "uri", did you mean "url"/),
    expect.stringMatching(/^hepar\.yaml:2:\d+: error: sources\[0\]\.name: must be text/),
    expect.stringMatching(/^rules\/a\.yaml:4:\d+: warning: steps\[1\]: is never reached/),
    expect.stringMatching(/^rules\/a\.yaml:4:\d+: error: steps\[1\]\.escalate: must be text/),
    expect.stringMatching(/^not usable: /),
    '',
  ])
})

test('serve refuses what check refuses, with the same lines and without having begun anything', async () => {
  await using folder = await tempFolder('refused')
  cpSync(mistakes, folder.path, { recursive: true })
  const config = readFileSync(join(mistakes, 'hepar.yaml'), 'utf8')
  writeFileSync(folder.file('hepar.yaml'), config.replace('../../../plugins', join(root, 'plugins')))
  const { code, stdout, stderr } = await hepar(folder.path, 'serve')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  // A broken plugin alone would not keep a server from starting.
  const expected = readFileSync(join(mistakes, 'expected.txt'), 'utf8').trimEnd().split('\n').slice(0, -1)
  const lines = stderr.replaceAll(`${folder.path}/`, '').split('\n')
  const asServed = expected.map((line) => line.replace(': error: this plugin', ': warning: this plugin'))
  expect(lines).toEqual(expect.arrayContaining(asServed))
  expect(stderr).not.toContain('    at ')
  expect(existsSync(folder.file('data'))).toBe(false)
})

test('a port in use is named, with what to do, and nothing is left behind that would hinder the next start', async () => {
  await using folder = await tempFolder('port')
  const other = createServer()
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  const { port } = other.address() as AddressInfo
  writeFileSync(
    folder.file('hepar.yaml'),
    `listen: 127.0.0.1:${port}\ndocker: { hosts: { local: { socket: /nowhere/d.sock } } }\n`,
  )
  mkdirSync(folder.file('plugins'))
  const refused = await hepar(folder.path, 'serve')
  await new Promise((closed) => other.close(closed))
  expect(refused.code).toBe(1)
  expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(
    new RegExp(
      `^hepar: cannot listen on 127\\.0\\.0\\.1:${port}: .*another process listens there; stop it or change "listen"`,
    ),
  )
  expect(await hepar(folder.path, 'audit', 'verify')).toMatchObject({ code: 0 })
})

test.each([
  [['check', '--config', 'absent.yaml'], 1, /absent\.yaml: error: cannot be read/],
  [['check', '--confg', 'x'], 2, /did you mean --config/i],
  [['chek'], 2, /did you mean check/i],
  [['check'], 0, /^ok: 0 playbooks, \d+ actions?, 0 errors/m],
])('hepar %j ends with %i', async (args, code, words) => {
  await using folder = await tempFolder('exit')
  mkdirSync(folder.file('plugins'))
  const ended = await hepar(folder.path, ...args)
  expect({ code: ended.code, text: ended.stdout + ended.stderr }).toEqual({ code, text: expect.stringMatching(words) })
})
