import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { watchFiles } from '../../../src/adapters/reload/watch.ts'
import { silentLog } from '../../http/fake-parts.ts'

const soon = { timeout: 10_000, interval: 5 }
const everyMs = 25

async function watched(prepare: (folder: string) => void, failures = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'hepar-watch-'))
  mkdirSync(join(folder, 'rules'))
  writeFileSync(join(folder, 'hepar.yaml'), 'mode: observe\n')
  prepare(folder)
  const changes = { count: 0 }
  const watch = await watchFiles({
    paths: () => [join(folder, 'hepar.yaml'), join(folder, 'rules')],
    onChange: async () => {
      changes.count += 1
      if (changes.count <= failures) throw new Error('the store is away')
    },
    log: silentLog,
    everyMs,
  })
  onTestFinished(async () => {
    await watch.close()
    rmSync(folder, { recursive: true })
  })
  return { folder, changes, watch }
}

/** Long enough for several looks; used only to show that nothing happens. */
const looks = () => new Promise((resolve) => setTimeout(resolve, everyMs * 8))

test('an edited, a new and a removed file are each noticed once', async () => {
  const { folder, changes } = await watched(() => {})
  writeFileSync(join(folder, 'hepar.yaml'), 'mode: auto\n')
  await vi.waitFor(() => expect(changes.count).toBe(1), soon)
  mkdirSync(join(folder, 'rules/team'))
  writeFileSync(join(folder, 'rules/team/a.yaml'), 'a')
  await vi.waitFor(() => expect(changes.count).toBe(2), soon)
  rmSync(join(folder, 'rules/team/a.yaml'))
  await vi.waitFor(() => expect(changes.count).toBe(3), soon)
  await looks()
  expect(changes.count).toBe(3)
})

test('the atomic swap of a link, as in a mounted ConfigMap, is noticed', async () => {
  const { folder, changes } = await watched((root) => {
    mkdirSync(join(root, 'rules/..v1'))
    mkdirSync(join(root, 'rules/..v2'))
    writeFileSync(join(root, 'rules/..v1/a.yaml'), 'one')
    writeFileSync(join(root, 'rules/..v2/a.yaml'), 'two')
    symlinkSync('..v1', join(root, 'rules/..data'))
    symlinkSync('..data/a.yaml', join(root, 'rules/a.yaml'))
  })
  symlinkSync('..v2', join(folder, 'rules/..tmp'))
  renameSync(join(folder, 'rules/..tmp'), join(folder, 'rules/..data'))
  await vi.waitFor(() => expect(changes.count).toBe(1), soon)
})

test('a touched file with the same content is no change', async () => {
  const { folder, changes } = await watched(() => {})
  utimesSync(join(folder, 'hepar.yaml'), new Date(), new Date(Date.now() + 5_000))
  await looks()
  expect(changes.count).toBe(0)
})

test('a file that is still being written waits until it is stable', async () => {
  const { folder, changes } = await watched(() => {})
  const begun = Date.now()
  while (Date.now() - begun < 300) {
    writeFileSync(join(folder, 'hepar.yaml'), `mode: ${Math.random()}\n`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await vi.waitFor(() => expect(changes.count).toBeGreaterThanOrEqual(1), soon)
  await looks()
  expect(changes.count).toBeLessThanOrEqual(4)
})

test('a missing configuration file is a change and does not end the watch', async () => {
  const { folder, changes } = await watched(() => {})
  rmSync(join(folder, 'hepar.yaml'))
  await vi.waitFor(() => expect(changes.count).toBe(1), soon)
  writeFileSync(join(folder, 'hepar.yaml'), 'mode: observe\n')
  await vi.waitFor(() => expect(changes.count).toBe(2), soon)
})

test('a change that could not be followed is tried again at the next look', async () => {
  const { folder, changes } = await watched(() => {}, 2)
  writeFileSync(join(folder, 'hepar.yaml'), 'mode: auto\n')
  await vi.waitFor(() => expect(changes.count).toBe(3), soon)
  await looks()
  expect(changes.count).toBe(3)
})
