import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../kit/demo.ts'
import { runProgram } from '../kit/process.ts'
import { waitFor } from '../kit/wait.ts'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'src/main.ts')
const nothing = { files: [], processes: [] }

/** Everything the demo had started is gone, as the process table and the file system say. */
const gone = (demo: Demo) => waitFor(() => isDeepStrictEqual(demo.leftovers(), nothing), { what: 'nothing is left' })

test('with nothing but Node on the PATH, the four acts end as they must, and the files say so, too', async () => {
  await using demo = await startDemo('--keep')
  expect(await demo.ended, demo.text()).toBe(0)
  const text = demo.text()
  for (const words of [
    'Act 1: an over-full folder is healed',
    'the patient, ill: 500, temp holds 10.0 MiB, and may hold 8.0 MiB',
    'a webhook request without a token: 401',
    /log \d+ +attempt\.intended +Remove 40 files \(10 MiB\)/,
    /log \d+ +incident\.closed +healed: proven by http http:\S+\/health/,
    'Act 2: the same alert again',
    /decision +duplicate\n +reason +already firing/,
    'Act 3: a target outside the allow-list',
    /ending +refused\n +gate +target\n +reason +\S+family-photos is not a folder that may be cleaned on host "local"/,
    'Act 4: kill -9 in the middle of an effect',
    /log \d+ +attempt\.effect_ended unknown: Hepar ended while the effect was under way/,
    /log \d+ +attempt\.concluded +unknown: proven by http/,
    /recovery +well \d+\.\d s after the alert, proven to stay so after \d+\.\d s/,
    /audit verify +the log is intact: \d+ events, 0 of them erased; the checkpoint matches/,
    /everything is stopped; kept: \S+\n$/,
  ]) {
    expect(text).toMatch(words)
  }
  // Who reads along must see the intent before what it led to.
  for (const [first, then] of [
    [/attempt\.intended +Remove/, 'GET /health: 200'],
    [/attempt\.intended +Send POST/, 'POST /rebuild has come in'],
  ] as const) {
    expect(text.search(first)).toBeLessThan(text.indexOf(then))
  }
  expect(text).not.toContain('NOT SO')
  expect(text).not.toContain('\x1b')
  const seconds = [...text.matchAll(/^ +(\d+\.\d)s {2}/gm)].map(([, time]) => Number(time))
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
  const firstHeal = Number(/(\d+\.\d)s {2}log \d+ +incident\.closed/.exec(text)?.[1])
  expect(firstHeal).toBeLessThan(60)
  expect(seconds.at(-1)).toBeLessThan(120)

  const folder = demo.folder()
  expect(readdirSync(join(folder, 'patient/temp')).sort()).toEqual(['left-behind-later', 'session-under-way'])
  expect(readdirSync(join(folder, 'family-photos')).sort()).toEqual(['grandmother.jpg', 'wedding.jpg'])
  expect(readFileSync(join(folder, 'patient/rebuilds.log'), 'utf8')).toMatch(/^begun (\S+)\nended \1\n$/)
  const exported = await runProgram(process.execPath, [
    main,
    'audit',
    'export',
    '--config',
    join(folder, 'hepar/hepar.yaml'),
  ])
  expect(exported.stdout.match(/"attempt\.intended"/g)).toHaveLength(2)
  for (const role of ['webhook', 'viewer', 'operator']) {
    expect(statSync(join(folder, `hepar/${role}.token`)).mode & 0o777).toBe(0o600)
  }
  expect(demo.leftovers().processes).toEqual([])
}, 180_000)

describe('it fails loudly', () => {
  test('when the patient stays ill', async () => {
    await using demo = await startDemo('--json')
    await demo.printed('the patient, ill')
    // Young, so that no cleaning may take it.
    writeFileSync(join(demo.folder(), 'patient/temp/flood'), Buffer.alloc(9 * 2 ** 20))
    expect(await demo.ended, demo.text()).toBe(1)
    const steps = demo.steps()
    expect(steps.find(({ step }) => step === 'failed')?.message).toMatch(
      /must end healed, and it was handed over to people/,
    )
    expect(steps.filter(({ step }) => step === 'act').map(({ act }) => act)).toEqual([1])
    expect(steps.at(-1)).toMatchObject({ step: 'end', ok: false, code: 1 })
    await gone(demo)
  }, 120_000)

  test('when a file outside the allow-list goes', async () => {
    await using demo = await startDemo('--json')
    await demo.printed('TempFolderFull with path', 90_000)
    rmSync(join(demo.folder(), 'family-photos/wedding.jpg'))
    expect(await demo.ended, demo.text()).toBe(1)
    const steps = demo.steps()
    expect(steps.findLast(({ step }) => step === 'fact')).toMatchObject({ fact: 'files in family-photos', ok: false })
    expect(steps.some(({ step }) => step === 'summary')).toBe(false)
    await gone(demo)
  }, 120_000)

  test('when an effect happens twice', async () => {
    await using demo = await startDemo('--json')
    await demo.printed(/kill -9 \d+/, 90_000)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(demo.steps().find(({ by }) => by === 'patient')?.text))?.[0]
    await fetch(`${url}/rebuild`, { method: 'POST' })
    expect(await demo.ended, demo.text()).toBe(1)
    expect(demo.steps().find(({ step }) => step === 'failed')?.message).toMatch(/^rebuilds .*: 2, and it must be: 1$/)
    await gone(demo)
  }, 120_000)
})

test('ctrl-C ends everything at once, however often it is pressed', async () => {
  await using demo = await startDemo()
  await demo.printed('incident.opened')
  for (let times = 0; times < 3; times++) demo.signal('SIGINT')
  expect(await demo.ended).toBe(130)
  expect(demo.text()).toMatch(/ended by SIGINT; everything is stopped and removed\n$/)
  expect(demo.text()).not.toContain('failed')
  await gone(demo)
}, 60_000)

test('when the demo itself is killed, its programs end with it', async () => {
  await using demo = await startDemo()
  await demo.printed('ready at')
  demo.signal('SIGKILL')
  expect(await demo.ended).toBe('SIGKILL')
  await waitFor(() => demo.leftovers().processes.length === 0, { what: 'no process is left' })
}, 60_000)

test('without a temporary folder that can be written, it says what to do', async () => {
  const env = { PATH: process.env.PATH ?? '', TMPDIR: '/nowhere/at/all' }
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(root, 'src/demo/main.ts')], { env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^hepar demo: no folder can be made in \/nowhere\/at\/all \(ENOENT.*TMPDIR.*\n$/)
})

test('npm run demo installs nothing that is there, and hands its options on', async () => {
  const { code, stdout } = await runProgram('npm', ['run', '--silent', 'demo', '--', '--help'], { cwd: root })
  expect(stdout).toMatch(/^Shows in about half a minute[\s\S]*npm run demo -- --live/)
  expect(code).toBe(0)
  const wrong = await runProgram('npm', ['run', '--silent', 'demo', '--', '--life'], { cwd: root })
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("Unknown option '--life'") })
})
