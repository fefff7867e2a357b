import { execFileSync, spawn } from 'node:child_process'
import { cpSync, lstatSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../kit/ports.ts'
import { runProgram } from '../kit/process.ts'
import { processesWith } from '../kit/process-table.ts'
import { tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const root = resolve(import.meta.dirname, '../..')

/** The project as a stranger has it after cloning and installing it: what is tracked, and the packages. */
async function freshClone(): Promise<string> {
  const folder = await tempFolder('clone')
  onTestFinished(() => folder[Symbol.asyncDispose]())
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  for (const name of tracked.split('\0').filter(Boolean)) cpSync(join(root, name), folder.file(name))
  symlinkSync(join(root, 'node_modules'), folder.file('node_modules'))
  return folder.path
}

/** A terminal of its own in which a command runs, to be read and typed into. */
function openTerminal(command: string, cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('script', ['-qfec', command, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    for (const pid of processesWith(cwd)) process.kill(pid, 'SIGKILL')
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  return { ended, type: (keys: string) => void child.stdin.write(keys), text: () => text.replaceAll('\r', '') }
}

test('npm start in a fresh clone greets, takes a first alert, explains itself and ends with ctrl-C', async () => {
  const clone = await freshClone()
  const port = await freePort()
  const env = {
    HOME: process.env.HOME,
    // The path of a stranger knows nothing of this project's packages.
    PATH: process.env.PATH?.split(':')
      .filter((entry) => !entry.includes('node_modules'))
      .join(':'),
    HEPAR_LISTEN: `127.0.0.1:${port}`,
    NO_COLOR: '1',
  }
  const terminal = openTerminal('npm start', clone, env)
  await waitFor(() => terminal.text().includes(' incidents\n'), {
    what: 'the whole greeting',
    deadlineMs: 90_000,
  })
  const url = `http://127.0.0.1:${port}`
  expect(terminal.text()).not.toContain('installing')
  expect(lstatSync(join(clone, 'node_modules')).isSymbolicLink()).toBe(true)
  expect(terminal.text()).toContain(`webhook    ${url}/webhook/alertmanager`)
  expect(terminal.text()).toContain(`metrics    ${url}/metrics`)
  expect(terminal.text()).toContain('mode       observe: plans and records what it would do, touches nothing')
  expect(terminal.text()).toMatch(/playbooks +\d+: .*container-unhealthy/)

  const inOutput = (pattern: RegExp) => pattern.exec(terminal.text())?.[1] ?? `nothing like ${pattern} was printed`
  const asPrinted = (pattern: RegExp) => runProgram('sh', ['-c', inOutput(pattern)], { cwd: clone, env })
  const sent = await asPrinted(/^ +(curl .*)$/m)
  expect(JSON.parse(sent.stdout)).toMatchObject({
    decisions: [{ decision: 'matched', playbooks: ['container-unhealthy'] }],
  })
  expect(await asPrinted(/^ +(.*alerts)$/m)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/ContainerUnhealthy .*matched/),
  })
  // Nothing is there to be asked or healed, and that is what it says; where there is, it says what would run.
  const explained = /container\/local\/web .*(cannot be asked|would run|cannot be looked at|no container)/
  await waitFor(async () => explained.test((await asPrinted(/^ +(.*incidents)$/m)).stdout), { what: 'an explanation' })

  terminal.type('\x03')
  await terminal.ended
  expect(terminal.text()).toMatch(/stopping.*\n(.*\n)*.*stopped/)
  expect(terminal.text()).not.toMatch(/npm (ERR|error)|Error:|ELIFECYCLE/)
  await waitFor(() => processesWith(clone).length === 0, { what: 'no process to be left' })
  expect(
    await runProgram('npm', ['run', '--silent', 'hepar', '--', 'audit', 'verify'], { cwd: clone, env }),
  ).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('the log is intact'),
  })
}, 180_000)
