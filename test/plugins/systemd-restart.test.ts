import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import restart from '../../plugins/systemd-restart.ts'
import { localAction } from '../kit/local-action.ts'
import { type StandInSystemctl, standInSystemctl } from '../kit/stand-in-systemctl.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'

const outcomeUnknown = { code: 'outcome_unknown' }
const show =
  '[--no-ask-password][show][--property=Id,LoadState,ActiveState,SubState,Result,InvocationID,MainPID,NRestarts,ActiveEnterTimestampMonotonic,ControlGroup,MemoryCurrent,TasksCurrent,ExecMainStatus][--][web.service]'
const restarted = '[--no-ask-password][restart][--][web.service]'

let folder: TempFolder
let systemd: StandInSystemctl
const path = process.env.PATH
const on = localAction(restart, 'service/web', () => ({ service: 'web', host: 'local', unit: 'web.service' }))

beforeEach(async () => {
  folder = await tempFolder('systemd')
  systemd = standInSystemctl(folder.path)
  process.env.PATH = systemd.path
})
afterEach(async () => {
  process.env.PATH = path
  await folder[Symbol.asyncDispose]()
})

describe('a plan', () => {
  test('pins the run that failed, by one look, and restarts nothing', async () => {
    const made = await on.planned()
    expect(made.summary).toBe('Restart web.service on local, which is failed (exit-code)')
    expect(made.pin).toEqual({ unit: 'web.service', invocation: '1'.repeat(32) })
    // The words of a Redis that is restarted by the same unit.
    expect(made.touches).toEqual(['unit/web.service'])
    expect(made.evidence).toMatchObject({ load: 'loaded', active: 'failed', result: 'exit-code', restarts: 0 })
    expect(systemd.calls()).toEqual([show])
  })

  test('shows the end of its journal and who holds the memory of the machine, both bounded and printable', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `2026-11-22T14:41:0${index % 10}+0000 web[7]: line ${index}`)
    systemd.journal([...lines, `\u001b[31mred\u001b[0m ${'x'.repeat(5_000)}`].join('\n'))
    systemd.tell({ MemoryCurrent: '1048576', TasksCurrent: '18446744073709551615' })
    const { evidence } = await on.planned()
    expect(systemd.journalCalls()).toEqual([
      '[--no-pager][--quiet][--output=short-iso][--lines=20][--unit=web.service]',
    ])
    const logs = evidence?.logs as string[]
    expect(logs.length).toBeLessThanOrEqual(20)
    expect(logs.at(-1)).toMatch(/^red x+…$/)
    expect(logs.at(-2)).toMatch(/line 39$/)
    expect(Math.max(...logs.map((line) => line.length))).toBe(400)
    expect(evidence).toMatchObject({ exitCode: 1, memoryBytes: 1_048_576, tasks: null })
    const { machine } = evidence as unknown as {
      machine: { topMemory: { pid: number; command: string; bytes: number }[] }
    }
    const { topMemory } = machine
    expect(topMemory).toHaveLength(5)
    expect(topMemory.map(({ bytes }) => bytes)).toEqual(topMemory.map(({ bytes }) => bytes).sort((a, b) => b - a))
    expect(Object.keys(topMemory[0]!)).toEqual(['pid', 'command', 'bytes'])
  })

  test('says so where there is no journal to read', async () => {
    systemd.journal('-')
    rmSync(folder.file('bin/journalctl'))
    process.env.PATH = `${folder.file('bin')}:/usr/nowhere`
    symlinkSync('/bin/cat', folder.file('bin/cat'))
    expect((await on.planned()).evidence).toMatchObject({ logs: [], logsMissing: 'there is no journalctl (ENOENT)' })
  })

  test('of a unit that is active for long says how often systemd has started it again', async () => {
    systemd.tell({ ActiveState: 'active', SubState: 'running', NRestarts: '4' })
    expect((await on.planned()).summary).toBe(
      'Restart web.service on local, which is active, restarted 4 times by systemd',
    )
  })

  test.each([
    ['that nobody knows', { LoadState: 'not-found' }, 'systemd does not know web.service (not-found)'],
    ['that is masked', { LoadState: 'masked' }, 'web.service is masked'],
    ['with mistakes in its file', { LoadState: 'bad-setting' }, 'systemd does not know web.service (bad-setting)'],
    ['about which nothing is said', { LoadState: '' }, 'systemd does not know web.service (it says nothing)'],
    ['by another name', { Id: 'httpd.service' }, 'web.service is another name of httpd.service'],
  ])('of a unit %s is refused for good', async (_, properties, reason) => {
    systemd.tell(properties)
    expect(await on.refused()).toMatchObject({ refused: expect.stringContaining(reason), final: true })
  })

  test('of the unit in which Hepar runs is refused, by its process as by its control group', async () => {
    // In a process namespace of its own the parent may be the first process, which no unit runs.
    systemd.tell({ MainPID: String(process.ppid > 1 ? process.ppid : process.pid) })
    expect(await on.refused()).toMatchObject({
      refused: 'service/web is not touched: Hepar itself runs in it',
      final: true,
    })
    const group = readFileSync('/proc/self/cgroup', 'utf8')
      .split('\n')
      .map((line) => line.split(':').slice(2).join(':'))
    const own = group.find((name) => name.length > 1)
    systemd.tell({ MainPID: '0', ControlGroup: own ?? '/' })
    if (own === undefined) expect(await on.planned()).toMatchObject({ pin: { unit: 'web.service' } })
    else expect(await on.refused()).toMatchObject({ final: true })
  })

  test.each([
    ['starting', { ActiveState: 'activating', SubState: 'start' }, 'it is activating (start) already'],
    ['between two starts of systemd', { ActiveState: 'activating', SubState: 'auto-restart' }, 'auto-restart'],
    ['stopping', { ActiveState: 'deactivating', SubState: 'stop' }, 'it is deactivating'],
    ['reloading', { ActiveState: 'reloading' }, 'it is reloading'],
    ['stopped', { ActiveState: 'inactive', SubState: 'dead' }, 'somebody stopped it on purpose'],
  ])('of a unit that is %s is left for later', async (_, properties, reason) => {
    systemd.tell(properties)
    expect(await on.refused()).toMatchObject({ refused: expect.stringContaining(reason), final: false })
  })

  test('leaves a unit alone that was started a moment ago, for the alert may be about what ran before', async () => {
    const nowUs = process.hrtime.bigint() / 1_000n
    systemd.tell({ ActiveState: 'active', ActiveEnterTimestampMonotonic: String(nowUs - 10_000_000n) })
    expect(await on.refused()).toMatchObject({ refused: expect.stringMatching(/started only 1\ds ago/), final: false })
    expect(await on.planned({ minUptime: '5s' })).toMatchObject({ pin: { unit: 'web.service' } })
  })

  test('is refused for an alert about another machine', async () => {
    expect(await on.planned({ host: 'local' })).toMatchObject({ pin: { unit: 'web.service' } })
    expect(await on.refused({ host: 'h7' })).toMatchObject({
      refused: expect.stringContaining('about host "h7"'),
      final: true,
    })
  })

  test('cannot be made where there is no systemd', async () => {
    process.env.PATH = folder.path
    await expect(on.plan()).rejects.toThrow('does systemd run on this machine?')
  })

  test('needs the settings of its own service', async () => {
    await expect(on.plan({}, { service: 'db' })).rejects.toThrow('this is a defect of Hepar')
  })
})

describe('a run', () => {
  test('restarts once, by the documented arguments', async () => {
    expect(await on.run(await on.planned())).toEqual({ unit: 'web.service' })
    expect(systemd.calls()).toEqual([show, show, restarted])
  })

  test.each([
    ['was started by somebody else', { InvocationID: '3'.repeat(32) }, 'was started by somebody else'],
    ['is starting', { ActiveState: 'activating' }, 'it is activating'],
    ['was masked', { LoadState: 'masked' }, 'web.service is masked'],
  ])('does nothing when the unit %s meanwhile', async (_, properties, reason) => {
    const made = await on.planned()
    systemd.tell(properties)
    await expect(on.run(made)).rejects.toThrow(`nothing was done: `)
    await expect(on.run(made)).rejects.toThrow(reason)
    expect(systemd.calls()).not.toContain(restarted)
  })

  test('does nothing when the service has another unit now, or no time is left', async () => {
    const made = await on.planned()
    await expect(on.run(made, { change: { unit: 'other.service' } })).rejects.toThrow('is another unit now')
    await expect(on.run(made, { timeoutMs: 100 })).rejects.toThrow('no time is left')
    expect(systemd.calls()).not.toContain(restarted)
  })

  test('fails with the words of systemd when it could not restart', async () => {
    systemd.restartBy('echo "Job for web.service failed." >&2; exit 1')
    const ended = on.run(await on.planned())
    await expect(ended).rejects.toThrow('systemd could not restart web.service: Job for web.service failed.')
    await expect(ended).rejects.not.toMatchObject(outcomeUnknown)
  })

  test('is unknown when systemd did not say in time how it ended', async () => {
    systemd.restartBy('exec sleep 30')
    const made = await on.planned()
    await expect(on.run(made, { timeoutMs: 2_000 })).rejects.toMatchObject({
      ...outcomeUnknown,
      message: 'the restart was asked for, but it did not end in time',
    })
  })
})

describe('the proof', () => {
  test('is an active unit in a new run', async () => {
    const made = await on.planned()
    expect(await on.verify(made)).toEqual({
      passed: false,
      detail: 'web.service has not been started since the plan: it is failed',
    })
    await on.run(made)
    expect(await on.verify(made)).toEqual({
      passed: true,
      detail: `web.service is active (running), invocation ${'2'.repeat(32)}`,
    })
  })

  test.each([
    ['is still starting', { ActiveState: 'activating', SubState: 'start' }, 'web.service is activating (start'],
    [
      'failed again',
      { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' },
      'web.service is failed (failed, exit-code)',
    ],
    ['has no run', { InvocationID: '' }, 'has not been started since the plan'],
    ['fell down since and was started by systemd', { NRestarts: '2' }, 'it does not stay up'],
  ])('is missing when the unit %s', async (_, properties, detail) => {
    const made = await on.planned()
    systemd.afterRestart(properties)
    await on.run(made)
    expect(await on.verify(made)).toMatchObject({ passed: false, detail: expect.stringContaining(detail) })
  })
})
