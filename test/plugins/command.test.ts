import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import command from '../../plugins/command.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { localAction } from '../kit/local-action.ts'
import { isRunning } from '../kit/process-table.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const outcomeUnknown = { code: 'outcome_unknown' }

let folder: TempFolder
let file: string
beforeEach(async () => {
  folder = await tempFolder('command')
  file = folder.file('go')
})
afterEach(() => folder[Symbol.asyncDispose]())

/** The action with one command, a shell script that was written for the test. */
function scripted(script: string, rule: JsonObject = {}) {
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return withRule(rule)
}

function withRule(rule: JsonObject) {
  const lists = { args: [], appended: [], env: [], doneCodes: [0], unknownCodes: [] }
  const whole = { name: 'go', file, ...lists, timeoutMs: 10_000, ...rule }
  return localAction(command, 'service/web', () => ({
    service: 'web',
    host: 'local',
    unit: null,
    logFile: null,
    commands: [whole],
  }))
}

const go = { command: 'go' }
/** Writes each argument and the whole environment into files that stand for what a program can see. */
const record = () => `printf '[%s]' "$@" > ${folder.path}/args; env > ${folder.path}/env`
const seen = (what: 'args' | 'env') => readFileSync(folder.file(what), 'utf8')
const shard = (pattern: string) => ({ appended: [{ name: 'shard', pattern }] })

describe('a plan', () => {
  test('says what would be run and pins the very file with its arguments, and runs nothing', async () => {
    const on = scripted(record(), { args: ['--now', 'a b'], ...shard('[0-9]+') })
    const made = await on.planned({ ...go, append: { shard: '7' } })
    expect(made.summary).toBe(`Run ${file} --now "a b" -- 7 for web on local`)
    expect(made.pin).toMatchObject({ command: 'go', args: ['--now', 'a b', '--', '7'], program: { path: file } })
    expect(existsSync(folder.file('args'))).toBe(false)
  })

  test('shows the end of the log that the configuration names, and who holds the memory of the machine', async () => {
    const logFile = folder.file('web.log')
    writeFileSync(logFile, 'it began\nout of \u001b[31mmemory\u001b[0m\n')
    const { evidence } = await scripted('true').planned(go, { logFile })
    expect(evidence).toMatchObject({ logs: ['it began', 'out of memory'] })
    expect(evidence).toMatchObject({ machine: { topMemory: expect.arrayContaining([expect.anything()]) } })
    const { evidence: without } = await scripted('true').planned(go, { logFile: folder.file('none') })
    expect(without).toMatchObject({ logs: [], logsMissing: `${folder.file('none')}: ENOENT` })
  })

  test('is refused for a command that is not configured', async () => {
    expect(await scripted('true').refused({ command: 'rm' })).toEqual({
      refused: '"rm" is no command of web; services.web.commands has: go',
      final: true,
      evidence: {},
    })
  })

  test('is refused for an alert about another machine', async () => {
    const on = scripted('true')
    expect(await on.planned({ ...go, host: 'local' })).toMatchObject({ pin: { command: 'go' } })
    expect(await on.refused({ ...go, host: 'h7' })).toMatchObject({
      refused: 'the alert is about host "h7", and web is touched on "local" (services.web.host)',
      final: true,
    })
  })

  test.each([
    ['is missing', {}, 'the argument "shard" of the command "go" is missing'],
    [
      'does not match',
      { shard: '7; rm -rf /' },
      'the argument "shard" of the command "go" does not match its pattern [0-9]+',
    ],
    [
      'matches only in part',
      { shard: '7x' },
      'the argument "shard" of the command "go" does not match its pattern [0-9]+',
    ],
    [
      'is no argument of it',
      { shard: '7', other: 'x' },
      '"other" may not be appended to the command "go": add it to its "append"',
    ],
    ['is named like what every object has', { shard: '7', constructor: 'x' }, '"constructor" may not be appended'],
  ])('is refused when what should be appended %s', async (_, append, reason) => {
    const on = scripted('true', shard('[0-9]+'))
    expect(await on.refused({ ...go, append })).toMatchObject({ refused: expect.stringContaining(reason), final: true })
  })

  test.each([
    ['a dash', '-rf', 'begins with a dash'],
    ['a line break', 'a\nb', 'contains control characters'],
    ['a zero byte', 'a\0b', 'contains control characters'],
    ['too much', 'x'.repeat(1_001), 'is longer than 1000 characters'],
  ])('is refused for an argument with %s, whatever its pattern allows', async (_, value, reason) => {
    const on = scripted('true', shard('(?s).*'))
    expect(await on.refused({ ...go, append: { shard: value } })).toMatchObject({
      refused: `the argument "shard" of the command "go" ${reason}${value === '-rf' ? ', so it could be taken for an option' : ''}`,
    })
  })

  test('needs no long time for a pattern that would take a backtracking machine one', async () => {
    const on = scripted('true', shard('(a+)+b'))
    expect((await on.refused({ ...go, append: { shard: 'a'.repeat(1_000) } })).refused).toContain('does not match')
  }, 2_000)

  test('needs the settings of its own service', async () => {
    await expect(scripted('true').plan(go, { service: 'db' })).rejects.toThrow('this is a defect of Hepar')
  })
})

describe('a program', () => {
  const refused = async (on: ReturnType<typeof scripted>) => await on.refused(go)

  test('that anybody, a foreign group or another user can write is refused', async () => {
    const on = scripted('true')
    for (const [change, reason] of [
      [() => chmodSync(file, 0o757), `anybody can write ${file}: chmod o-w it`],
      [() => [chmodSync(file, 0o775), chownSync(file, 0, 65_534)], `group 65534 can write ${file}: chmod g-w it`],
      [
        () => [chmodSync(file, 0o755), chownSync(file, 65_534, 0)],
        `${file} belongs to user 65534, who could change it`,
      ],
    ] as const) {
      change()
      expect(await refused(on)).toMatchObject({ refused: expect.stringContaining(reason), final: true })
    }
    chownSync(file, 0, 0)
    expect(await on.planned(go)).toMatchObject({ pin: { command: 'go' } })
  })

  test('in a folder, or behind a link, that others can write is refused', async () => {
    const on = scripted('true')
    chmodSync(folder.path, 0o777)
    expect((await refused(on)).refused).toContain(`anybody can write ${folder.path}`)
    chmodSync(folder.path, 0o755)
    mkdirSync(folder.file('open'))
    chmodSync(folder.file('open'), 0o777)
    symlinkSync(file, folder.file('open/link'))
    symlinkSync(folder.file('open/link'), folder.file('outer'))
    for (const place of [folder.file('open/link'), folder.file('outer')]) {
      expect((await refused(withRule({ file: place }))).refused).toContain(`anybody can write ${folder.file('open')}`)
    }
    symlinkSync(folder.file('round'), folder.file('round'))
    expect(await refused(withRule({ file: folder.file('round') }))).toMatchObject({ final: true })
  })

  test('that is absent is waited for; one that may not be run, or is no file, is refused', async () => {
    expect(await refused(withRule({ file: folder.file('absent') }))).toMatchObject({ final: false })
    writeFileSync(file, 'x', { mode: 0o644 })
    expect(await refused(withRule({}))).toMatchObject({ refused: expect.stringContaining('chmod +x'), final: true })
    expect(await refused(withRule({ file: folder.path }))).toMatchObject({
      refused: expect.stringContaining('is no file'),
    })
  })

  test('that was exchanged or configured otherwise since the plan is not run', async () => {
    const on = scripted(record())
    const made = await on.planned(go)
    writeFileSync(folder.file('other'), `#!/bin/sh\n${record()}\n`, { mode: 0o755 })
    renameSync(folder.file('other'), file)
    await expect(on.run(made)).rejects.toThrow(`nothing was done: ${file} is another file than the planned one`)
    const next = await on.planned(go)
    await expect(withRule({ args: ['--all'] }).run(next)).rejects.toThrow('is configured otherwise than it was planned')
    await expect(withRule({ name: 'gone' }).run(next)).rejects.toThrow('is no longer configured')
    expect(existsSync(folder.file('args'))).toBe(false)
  })
})

describe('a run', () => {
  test('gives each argument as one, and no shell reads any of them', async () => {
    const on = scripted(record(), { args: ['$(id)', 'a b', '*', ''], ...shard('.*') })
    await on.run(await on.planned({ ...go, append: { shard: '`id`; $(id) && "x" \'y\' | z > /dev/null' } }))
    expect(seen('args')).toBe('[$(id)][a b][*][][--][`id`; $(id) && "x" \'y\' | z > /dev/null]')
  })

  test('gives only the environment that is configured, and the mark by which a straggler is found', async () => {
    for (const [name, value] of [
      ['HEPAR_TEST_SECRET', 'x'],
      ['HEPAR_RUNNER', 'mark'],
    ] as const) {
      process.env[name] = value
      onTestFinished(() => void delete process.env[name])
    }
    const on = scripted(record(), { env: [{ name: 'TOKEN', value: 'abc' }] })
    await on.run(await on.planned(go))
    const given = seen('env')
      .trim()
      .split('\n')
      .filter((line) => !/^(PWD|OLDPWD|_|SHLVL)=/.test(line))
    expect(given.sort()).toEqual(['HEPAR_RUNNER=mark', 'LC_ALL=C', `PATH=${process.env.PATH}`, 'TOKEN=abc'])
  })

  test('reports code, time and the end of the output: printable, cut, and without what the environment holds', async () => {
    const script = `head -c 100000 /dev/zero | tr '\\0' x; echo; i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done
printf '\\033[31mred\\033[0m %s\\n' "$TOKEN" >&2; head -c 1000 /dev/zero | tr '\\0' y >&2`
    const on = scripted(script, { env: [{ name: 'TOKEN', value: 'hunter2-canary' }] })
    const report = (await on.run(await on.planned(go))) as JsonObject
    expect(report).toMatchObject({ exitCode: 0, ms: expect.any(Number), outputBytes: expect.any(Number) })
    const output = report.output as string[]
    expect(output.length).toBeLessThanOrEqual(20)
    // Which of two pipes is read first is anybody's guess.
    expect(output).toContain('red [redacted]')
    expect(output).toContain(`${'y'.repeat(399)}…`)
    expect(output).toContain('line 29')
    expect(JSON.stringify(report).length).toBeLessThan(8_000)
  })

  test('does not show a secret of which the cut has left only the end', async () => {
    const secret = 'canary'.repeat(100)
    const script = `printf '%s' "$TOKEN"; head -c ${16 * 1024 - 300} /dev/zero | tr '\\0' x`
    const on = scripted(script, { env: [{ name: 'TOKEN', value: secret }] })
    expect(JSON.stringify(await on.run(await on.planned(go)))).not.toContain('canary')
  })

  test.each([
    [0, {}, 'done'],
    [3, {}, 'failed'],
    [3, { doneCodes: [0, 3] }, 'done'],
    [0, { doneCodes: [3] }, 'failed'],
    [75, { unknownCodes: [75] }, 'unknown'],
  ])('ends with code %i, which by %j means %s', async (code, rule, meaning) => {
    const on = scripted(`echo because; exit ${code}`, rule)
    const ended = on.run(await on.planned(go))
    if (meaning === 'done') expect(await ended).toMatchObject({ exitCode: code, output: ['because'] })
    else if (meaning === 'unknown') await expect(ended).rejects.toMatchObject(outcomeUnknown)
    else {
      await expect(ended).rejects.toThrow(`it ended with code ${code}: because`)
      await expect(ended).rejects.not.toMatchObject(outcomeUnknown)
    }
  })

  test('that a signal ended is unknown', async () => {
    const on = scripted('kill -SEGV $$')
    await expect(on.run(await on.planned(go))).rejects.toMatchObject({
      ...outcomeUnknown,
      message: 'it was ended by SIGSEGV',
    })
  })

  test('that lasts longer than its timeout is ended and unknown, also when it ignores SIGTERM', async () => {
    const on = scripted(`trap '' TERM; echo $$ > ${folder.path}/pid; while :; do sleep 0.1; done`, { timeoutMs: 500 })
    const made = await on.planned(go)
    await expect(on.run(made)).rejects.toMatchObject({ ...outcomeUnknown, message: 'it did not end within 500 ms' })
    const pid = Number(readFileSync(folder.file('pid'), 'utf8'))
    await waitFor(() => !isRunning(pid), { what: 'its end' })
  })

  test('does nothing when its timeout does not fit into that of the step', async () => {
    const on = scripted(record(), { timeoutMs: 10_000 })
    const made = await on.planned(go)
    await expect(on.run(made, { timeoutMs: 12_000 })).rejects.toThrow(
      /^nothing was done: the command's 10000 ms do not fit/,
    )
    expect(existsSync(folder.file('args'))).toBe(false)
  })

  test('does not wait for what the program leaves running with its output', async () => {
    const on = scripted(`sleep 30 & echo $! > ${folder.path}/pid; echo done`)
    const began = performance.now()
    expect(await on.run(await on.planned(go))).toMatchObject({ output: ['done'] })
    expect(performance.now() - began).toBeLessThan(10_000)
    process.kill(Number(readFileSync(folder.file('pid'), 'utf8')), 'SIGKILL')
  })

  test('gets no input', async () => {
    const on = scripted('cat; echo end')
    expect(await on.run(await on.planned(go))).toMatchObject({ output: ['end'] })
  })
})
