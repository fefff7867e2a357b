import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import cleanup from '../../plugins/temp-cleanup.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { localAction } from '../kit/local-action.ts'
import { makeManyFiles } from '../kit/many-files.ts'
import { startProcess } from '../kit/process.ts'
import { mountSmallDisk, type SmallDisk } from '../kit/small-disk.ts'
import { type TempFolder, tempFolder } from '../kit/temp.ts'
import { waitFor } from '../kit/wait.ts'

const hour = 3_600_000

/** Closed in reverse order: what is mounted goes before the folder it is mounted in. */
let closing: AsyncDisposableStack
let folder: TempFolder
let root: string
let on: ReturnType<typeof localAction<typeof cleanup.params>>

beforeEach(async () => {
  closing = new AsyncDisposableStack()
  folder = closing.use(await tempFolder('cleanup'))
  root = folder.file('root')
  mkdirSync(root)
  on = actionOn(root)
})
afterEach(() => closing.disposeAsync())

function actionOn(path: string, more: JsonObject = {}) {
  const bounds = { olderThanMs: hour, owner: null, filesMax: 1_000, bytesMax: 1024 ** 3, timeMs: 30_000 }
  return localAction(cleanup, `path/local${path}`, () => ({
    host: 'local',
    root: path,
    keepOut: [],
    ...bounds,
    ...more,
  }))
}

/** A file last written so long ago. */
function old(path: string, { bytes = 10, ageMs = 2 * hour } = {}): string {
  const above = dirname(path)
  if (!existsSync(above)) mkdirSync(above, { recursive: true })
  writeFileSync(path, Buffer.alloc(bytes, 1))
  const then = (Date.now() - ageMs) / 1_000
  utimesSync(path, then, then)
  return path
}

const inRoot = (...names: string[]) => names.map((name) => old(join(root, name)))
const left = () => (readdirSync(root, { recursive: true }) as string[]).sort()

describe('a plan', () => {
  test('says how many files and bytes would go, and which are the largest, and touches nothing', async () => {
    inRoot('a', 'b/c', 'b/d')
    old(join(root, 'big'), { bytes: 3_000_000 })
    writeFileSync(join(root, 'young'), 'x')
    const before = left()
    const made = await on.planned()
    expect(made.summary).toMatch(/^Remove 4 files \(2\.9 MiB\) older than 1h below .*root on local$/)
    const { dev: device, ino: inode } = statSync(root)
    const bounds = { olderThanMs: hour, uid: null, filesMax: 1_000, bytesMax: 1024 ** 3 }
    expect(made.pin).toEqual({ root, device, inode, ...bounds })
    expect(made.evidence).toMatchObject({
      mayGo: { files: 4, largest: [{ name: 'big', bytes: expect.any(Number) }, {}, {}, {}] },
      stays: { files: 1, largest: [{ name: 'young' }] },
      folders: [{ name: '.' }, { name: 'b' }],
      complete: true,
      complaints: null,
    })
    const { folders } = made.evidence as { folders: { name: string; bytes: number }[] }
    expect(folders[0]!.bytes).toBeGreaterThanOrEqual(3_000_000)
    expect(left()).toEqual(before)
  })

  test('of a folder with nothing old in it waits, and shows what takes the space', async () => {
    writeFileSync(join(root, 'young'), Buffer.alloc(5_000_000))
    expect(await on.refused()).toMatchObject({
      refused: `there is no file older than 1h below ${root} on local`,
      final: false,
      evidence: { stays: { files: 1, largest: [{ name: 'young' }] } },
    })
  })

  test('shows names without their power over a terminal, and counts each file once whatever its name', async () => {
    inRoot('new\nline', ' b lank ', '-delete', '*', '\u001b[31mred', 'y 1 2 3 4/\u001b[31mfile')
    const notUtf8 = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])])
    writeFileSync(notUtf8, 'x')
    utimesSync(notUtf8, 1, 1)
    const made = await on.planned()
    const { mayGo } = made.evidence as { mayGo: { files: number; largest: { name: string }[] } }
    expect(mayGo.files).toBe(7)
    expect(JSON.stringify(made.evidence)).not.toMatch(/\\u001b|\\n/)
    expect(await on.run(made)).toMatchObject({ files: 7 })
    // Folders stay.
    expect(left()).toEqual(['y 1 2 3 4'])
  })

  test('takes the oldest first where not all fit into the bounds of one run', async () => {
    for (let index = 0; index < 20; index++) old(join(root, `f${index}`), { ageMs: (2 + index) * hour })
    const made = await on.planned({}, { filesMax: 5 })
    expect(made.summary).toMatch(/^Remove the oldest 5 of 20 files/)
    expect(await on.run(made, { change: { filesMax: 5 } })).toMatchObject({ files: 5 })
    expect(left()).toEqual(Array.from({ length: 15 }, (_, index) => `f${index}`).sort())
  })

  test('keeps its bounds among files of the very same age, too', async () => {
    const then = Math.floor(Date.now() / 1_000) - 7_200
    for (let index = 0; index < 300; index++) {
      writeFileSync(join(root, `f${index}`), 'x')
      utimesSync(join(root, `f${index}`), then, then)
    }
    const made = await on.planned({}, { filesMax: 100 })
    expect(await on.run(made, { change: { filesMax: 100 } })).toMatchObject({ files: 100, stoppedBy: 'bounds' })
    expect(left()).toHaveLength(200)
    const bytes = 40 * 4096
    const next = await on.planned({}, { bytesMax: bytes })
    expect(await on.run(next, { change: { bytesMax: bytes } })).toMatchObject({ files: 40, bytes })
    expect(left()).toHaveLength(160)
  })

  test('leaves a file alone that is larger than one run may remove', async () => {
    old(join(root, 'huge'), { bytes: 100_000 })
    old(join(root, 'small'))
    const made = await on.planned({}, { bytesMax: 50_000 })
    expect(await on.run(made, { change: { bytesMax: 50_000 } })).toMatchObject({ files: 1 })
    expect(left()).toEqual(['huge'])
  })

  test('takes only the files of the owner that is configured', async () => {
    const [mine = '', theirs = ''] = inRoot('mine', 'theirs')
    execFileSync('chown', ['nobody', theirs])
    const made = await on.planned({}, { owner: 'nobody' })
    expect(made.summary).toMatch(/^Remove 1 file \(.*\) of nobody older than/)
    expect(await on.run(made, { change: { owner: 'nobody' } })).toMatchObject({ files: 1 })
    expect([existsSync(mine), existsSync(theirs)]).toEqual([true, false])
    expect(await on.refused({}, { owner: String(statSync('/bin/sh').uid + 4_000_000) })).toMatchObject({ final: false })
    expect(await on.refused({}, { owner: 'no-such-user' })).toEqual({
      refused: 'there is no user "no-such-user" on this machine',
      final: true,
      evidence: {},
    })
  })

  test('tells who holds files open whose space will therefore not come back', async () => {
    const [file = ''] = inRoot('log')
    const descriptor = openSync(file, 'r')
    closing.defer(() => closeSync(descriptor))
    const made = await on.planned()
    expect(made.evidence).toMatchObject({ mayGo: { openNow: expect.stringContaining(`(pid ${process.pid})`) } })
  })

  test('is refused where find is not GNU find', async () => {
    inRoot('a')
    const before = process.env.PATH
    closing.defer(() => {
      process.env.PATH = before
    })
    mkdirSync(folder.file('bin'))
    process.env.PATH = folder.file('bin')
    expect(await on.refused()).toMatchObject({ refused: expect.stringContaining('there is no find'), final: true })
    writeFileSync(folder.file('bin/find'), '#!/bin/sh\necho BusyBox\n', { mode: 0o755 })
    expect(await on.refused()).toMatchObject({ refused: expect.stringContaining('not GNU find'), final: true })
  })
})

describe('a folder', () => {
  test('that is a symbolic link, or is reached by one, is refused', async () => {
    symlinkSync(root, folder.file('link'))
    old(join(root, 'sub/a'))
    expect(await actionOn(folder.file('link')).refused()).toMatchObject({
      final: true,
      refused: expect.stringContaining('symbolic link'),
    })
    expect(await actionOn(folder.file('link/sub')).refused()).toEqual({
      refused: `${folder.file('link/sub')} is reached by a symbolic link: configure the folder itself, ${join(root, 'sub')}`,
      final: true,
    })
  })

  test('that is no folder is refused, and one that is not there is waited for', async () => {
    writeFileSync(folder.file('file'), '')
    expect(await actionOn(folder.file('file')).refused()).toMatchObject({ final: true })
    expect(await actionOn(folder.file('absent')).refused()).toMatchObject({ final: false })
  })

  test('that holds, is, or lies in what Hepar is made of is refused, also where that is mounted a second time', async () => {
    const data = join(root, 'x/data')
    mkdirSync(join(data, 'deep'), { recursive: true })
    inRoot('a')
    const keepOut = [{ path: data, what: "Hepar's data folder" }]
    for (const path of [root, join(root, 'x'), data]) {
      expect(await actionOn(path, { keepOut }).refused()).toEqual({
        refused: `path/local${path} is not cleaned: ${path} holds Hepar's data folder (${data})`,
        final: true,
      })
    }
    expect(await actionOn(join(data, 'deep'), { keepOut }).refused()).toMatchObject({
      refused: expect.stringContaining("lies in Hepar's data folder"),
      final: true,
    })
    const twin = folder.file('twin')
    mkdirSync(twin)
    execFileSync('mount', ['--bind', join(root, 'x'), twin])
    closing.defer(() => void execFileSync('umount', [twin]))
    expect(await actionOn(twin, { keepOut }).refused()).toMatchObject({ final: true })
    expect(await actionOn(folder.file('root', 'x', 'data', 'deep'), { keepOut: [] }).refused()).toMatchObject({
      final: false,
    })
  })

  test('needs the very settings of its own root', async () => {
    await expect(on.plan({}, { root: '/tmp' })).rejects.toThrow('this is a defect of Hepar')
  })
})

describe('a run', () => {
  test('removes old regular files only, and reports files, bytes and what is free again', async () => {
    const disk = smallDisk()
    const at = (name: string) => join(disk.folder, name)
    old(at('a'), { bytes: 1_000_000 })
    old(at('deep/er/b'), { bytes: 2_000_000 })
    writeFileSync(at('young'), 'x')
    symlinkSync('/etc/passwd', at('link'))
    execFileSync('mkfifo', [at('pipe')])
    mkdirSync(at('empty'))
    for (const name of ['link', 'pipe', 'empty']) execFileSync('touch', ['-h', '-d', '2 hours ago', at(name)])
    const action = actionOn(disk.folder)
    const report = (await action.run(await action.planned())) as unknown as Report
    expect(report).toMatchObject({ files: 2, stoppedBy: null, complaints: null })
    expect(report.bytes).toBeGreaterThanOrEqual(3_000_000)
    expect(report.freedBytes).toBe(report.bytes)
    expect(readdirSync(disk.folder, { recursive: true }).sort()).toEqual([
      'deep',
      'deep/er',
      'empty',
      'link',
      'pipe',
      'young',
    ])
  })

  test('leaves what was made, changed, moved or replaced since the plan, however old it pretends to be', async () => {
    inRoot('goes', 'appended', 'touched', 'renamed', 'replaced', 'chmodded')
    const made = await on.planned()
    await pause(50)
    writeFileSync(join(root, 'appended'), 'more', { flag: 'a' })
    old(join(root, 'touched'))
    renameSync(join(root, 'renamed'), join(root, 'renamed.new'))
    rmSync(join(root, 'replaced'))
    inRoot('replaced', 'new-and-backdated')
    execFileSync('chmod', ['600', join(root, 'chmodded')])
    expect(await on.run(made)).toMatchObject({ files: 1 })
    expect(left()).toEqual(['appended', 'chmodded', 'new-and-backdated', 'renamed.new', 'replaced', 'touched'])
  })

  test('does nothing when another folder has taken the place of the planned one', async () => {
    inRoot('a')
    const made = await on.planned()
    renameSync(root, folder.file('away'))
    mkdirSync(root)
    inRoot('b')
    await expect(on.run(made)).rejects.toThrow('another folder has taken the place')
    rmSync(root, { recursive: true })
    symlinkSync(folder.file('away'), root)
    await expect(on.run(made)).rejects.toThrow('symbolic link')
    expect([existsSync(folder.file('away/a')), readdirSync(folder.file('away'))]).toEqual([true, ['a']])
  })

  test('counts the space of a file with two names only when the last of them goes', async () => {
    const [file = ''] = inRoot('a')
    linkSync(file, folder.file('other-name'))
    const made = await on.planned({}, { olderThanMs: 0 })
    expect(await on.run(made)).toMatchObject({ files: 1, bytes: 0 })
  })

  test('fails, with the words of find, where nothing may be removed', async () => {
    const disk = smallDisk()
    old(join(disk.folder, 'a'))
    const action = actionOn(disk.folder)
    const made = await action.planned()
    disk.remount('ro')
    await expect(action.run(made)).rejects.toThrow(/^no file could be removed: .*a'?: Read-only file system/)
    disk.remount('rw')
    expect(await action.run(made)).toMatchObject({ files: 1, complaints: null })
  })

  test('ends within its time, and does not begin without any', async () => {
    const disk = smallDisk('64m,nr_inodes=0')
    makeManyFiles(disk.folder, 20_000)
    const action = actionOn(disk.folder, { filesMax: 100_000 })
    const made = await action.planned()
    await expect(action.run(made, { timeoutMs: 900 })).rejects.toThrow(/^nothing was done: no time is left/)
    expect(readdirSync(disk.folder)).toHaveLength(20_000)
    const report = (await action.run(made, { change: { timeMs: 5 } })) as unknown as Report
    expect(report.stoppedBy).toBe('time')
    expect(readdirSync(disk.folder).length).toBeGreaterThan(0)
  })

  test('does nothing once Hepar has said stop', async () => {
    inRoot('a', 'b')
    const made = await on.planned()
    const controller = new AbortController()
    controller.abort(new Error('the end'))
    await expect(on.run(made, { signal: controller.signal })).rejects.toThrow('the end')
    expect(left()).toEqual(['a', 'b'])
  })
})

describe('what lies outside', () => {
  test('is not reached by links, and survives a process that exchanges folders for links all the time', async () => {
    const outside = folder.file('outside')
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`)
    for (const name of names) old(join(outside, name))
    symlinkSync(outside, join(root, 'static'))
    const swapped = join(root, 'swapped')
    mkdirSync(swapped)
    // Leads to the very folder, whatever it is called at the moment.
    const descriptor = openSync(swapped, 'r')
    closing.defer(() => closeSync(descriptor))
    const inside = `/proc/self/fd/${descriptor}`
    const swapper = await startProcess({
      name: 'swapper',
      command: process.execPath,
      args: [join(import.meta.dirname, '../fixtures/programs/swap.mjs'), swapped, outside],
      folder: folder.path,
      ready: () => readFileSync(folder.file('swapper.log'), 'utf8').includes('swapping'),
    })
    closing.defer(() => void swapper.kill())
    let files = 0
    for (let round = 0; round < 60; round++) {
      // The same names inside, so that a path that is followed outside would find something there.
      for (const name of names) old(`${inside}/${name}`)
      const made = await on.plan()
      if ('refused' in made) continue
      const report = await on
        .run({ ...made, target: target(), params: cleanup.params.parse({}) })
        .catch(() => ({ files: 0 }))
      files += (report as unknown as Report).files
    }
    expect(swapper.running()).toBe(true)
    await swapper.kill()
    expect(files).toBeGreaterThan(100)
    expect(readdirSync(outside).sort()).toEqual([...names].sort())
  }, 120_000)

  test('includes other file systems mounted below, and makes a second mount of the same one a reason to wait', async () => {
    inRoot('a')
    const mounted = mountSmallDisk(join(root, 'mounted'))
    closing.defer(() => mounted[Symbol.dispose]())
    old(join(mounted.folder, 'b'))
    const made = await on.planned()
    expect(made.evidence).toMatchObject({ mayGo: { files: 1 } })
    expect(await on.run(made)).toMatchObject({ files: 1 })
    expect(existsSync(join(mounted.folder, 'b'))).toBe(true)

    const [outside = ''] = [old(folder.file('outside/c'))]
    inRoot('d')
    const next = await on.planned()
    const double = join(root, 'dou ble')
    mkdirSync(double)
    execFileSync('mount', ['--bind', folder.file('outside'), double])
    closing.defer(() => void execFileSync('umount', [double]))
    const words = `another place of the same file system is mounted below it, at ${double}`
    expect(await on.refused()).toEqual({ refused: `path/local${root} is not cleaned: ${words}`, final: false })
    await expect(on.run(next)).rejects.toThrow(`nothing was done: ${words}`)
    expect(existsSync(outside)).toBe(true)
  })
})

describe('the proof', () => {
  test('is the room on the file system, however many files went', async () => {
    const disk = smallDisk()
    const action = actionOn(disk.folder)
    old(join(disk.folder, 'a'), { bytes: 100_000 })
    const ballast = join(disk.folder, 'young')
    writeFileSync(ballast, Buffer.alloc(23 * 1024 * 1024))
    const made = await action.planned()
    expect(await action.run(made)).toMatchObject({ files: 1 })
    expect(await action.verify(made)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/^4\.\d% of the space .* 10% of each are wanted$/),
    })
    rmSync(ballast)
    expect(await action.verify(made)).toMatchObject({
      passed: true,
      detail: expect.stringMatching(/^100\.0% of the space \(24 MiB\)/),
    })
  })

  test('is missing while there are no inodes', async () => {
    const disk = smallDisk('24m,nr_inodes=100')
    const action = actionOn(disk.folder)
    old(join(disk.folder, 'a'))
    for (let index = 0; index < 97; index++) writeFileSync(join(disk.folder, `y${index}`), '')
    const made = await action.planned()
    await action.run(made)
    expect(await action.verify(made)).toMatchObject({
      passed: false,
      detail: expect.stringContaining('2.0% of the inodes'),
    })
  })

  test('is missing while a process holds open what was removed, and names it', async () => {
    const disk = smallDisk()
    const action = actionOn(disk.folder)
    const file = old(join(disk.folder, 'log'), { bytes: 5_000_000 })
    old(join(disk.folder, 'other'))
    const descriptor = openSync(file, 'r')
    const made = await action.planned()
    const report = (await action.run(made)) as unknown as Report
    expect(report.files).toBe(2)
    expect(report.freedBytes).toBeLessThan(5_000_000)
    const name = readFileSync('/proc/self/comm', 'utf8').trim()
    expect(await action.verify(made)).toEqual({
      passed: false,
      detail: expect.stringMatching(
        new RegExp(`still held open.*4\\.8 MiB by ${name} \\(pid ${process.pid}\\); \\d+\\.\\d% of the space`),
      ),
    })
    closeSync(descriptor)
    expect(await action.verify(made)).toMatchObject({ passed: true })
  })

  test('is missing while a process runs what was removed, or has it in its memory without holding it open', async () => {
    const disk = smallDisk()
    const action = actionOn(disk.folder)
    const program = old(join(disk.folder, 'unpacked'))
    copyFileSync('/bin/sleep', program)
    chmodSync(program, 0o700)
    utimesSync(program, 1, 1)
    const process = spawn(program, ['600'])
    closing.defer(() => void process.kill('SIGKILL'))
    await waitFor(() => readFileSync(`/proc/${process.pid}/comm`, 'utf8').trim() === 'unpacked', { what: 'it runs' })
    await pause(50)
    const made = await action.planned()
    expect(JSON.stringify(made.evidence)).toContain(`by unpacked (pid ${process.pid})`)
    expect(await action.run(made)).toMatchObject({ files: 1 })
    expect(existsSync(program)).toBe(false)
    expect(await action.verify(made)).toMatchObject({
      passed: false,
      detail: expect.stringMatching(new RegExp(`still held open.* by unpacked \\(pid ${process.pid}\\)`)),
    })
    process.kill('SIGKILL')
    await once(process, 'exit')
    expect(await action.verify(made)).toMatchObject({ passed: true })
  })

  test('names who holds what was removed before, when there is not enough room', async () => {
    const disk = smallDisk()
    const action = actionOn(disk.folder)
    const gone = join(disk.folder, 'gone')
    writeFileSync(gone, Buffer.alloc(23 * 1024 * 1024))
    const descriptor = openSync(gone, 'r')
    closing.defer(() => closeSync(descriptor))
    rmSync(gone)
    old(join(disk.folder, 'a'))
    const made = await action.planned()
    await action.run(made)
    expect((await action.verify(made)).detail).toContain(`files removed earlier are held open: 23 MiB by`)
  })

  test('is of the planned folder and no other', async () => {
    inRoot('a')
    const made = await on.planned()
    renameSync(root, folder.file('away'))
    mkdirSync(root)
    await expect(on.verify(made)).rejects.toThrow('another folder has taken the place')
  })
})

test('a full disk is cleaned, for removing needs no room', async () => {
  const disk = smallDisk()
  old(join(disk.folder, 'old'), { bytes: 8_000_000 })
  disk.fill()
  const action = actionOn(disk.folder)
  expect(() => writeFileSync(join(disk.folder, 'x'), 'x'.repeat(10_000))).toThrow('ENOSPC')
  const made = await action.planned()
  expect((await action.verify(made)).passed).toBe(false)
  expect(await action.run(made)).toMatchObject({ files: 1 })
  expect((await action.verify(made)).passed).toBe(true)
})

test('two hundred thousand files are planned and removed within seconds', async () => {
  const disk = smallDisk('1g,nr_inodes=0')
  mkdirSync(join(disk.folder, 'd'))
  makeManyFiles(join(disk.folder, 'd'), 200_000)
  const action = actionOn(disk.folder, { filesMax: 150_000 })
  const made = await action.planned()
  expect(made.summary).toMatch(/^Remove the oldest 150000 of 200000 files/)
  expect(await action.run(made)).toMatchObject({ files: 150_000 })
  expect(readdirSync(join(disk.folder, 'd'))).toHaveLength(50_000)
}, 120_000)

interface Report {
  readonly files: number
  readonly bytes: number
  readonly freedBytes: number
  readonly stoppedBy: string | null
}

function smallDisk(size?: string): SmallDisk {
  const disk = mountSmallDisk(folder.file('disk'), size)
  closing.defer(() => disk[Symbol.dispose]())
  return disk
}

function target() {
  return { kind: 'path', place: 'local', name: root, text: `path/local${root}` }
}
